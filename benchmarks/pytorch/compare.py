#!/usr/bin/env python3
"""PyTorch at its best against Keisei, side by side: a sample of one, a sample of the other, medians of all rounds.

    compare.py --keisei bundle/keisei --network 9x256            on a GPU
    compare.py --network 4x64 --device cpu --quick               smoke test of the PyTorch side, anywhere

Prints one line of JSON for each row as soon as it is measured. PyTorch's time is that of its fastest variant: eager or
torch.compile (max-autotune), both in NHWC with float16 on a GPU and captured as one CUDA graph.
"""

import argparse
import gc
import json
import statistics
import sys
import time

try:
    import torch
except ImportError:
    sys.exit("compare.py: PyTorch is not installed for " + sys.executable)

from keisei_process import KeiseiProcess
from tower import forward_flops
from variants import STEPS

SAMPLE_SECONDS = 0.25


def synchronize(device):
    if device.type == "cuda":
        torch.cuda.synchronize()


def sample(step, device, seconds=SAMPLE_SECONDS):
    """Seconds of one step, from about so many seconds of steps."""
    synchronize(device)
    start = time.perf_counter()
    step()
    synchronize(device)
    runs = max(1, int(seconds / max(1e-9, time.perf_counter() - start)))
    start = time.perf_counter()
    for _ in range(runs):
        step()
    synchronize(device)
    return (time.perf_counter() - start) / runs


def peaks(device):
    """What the GPU reaches: a float16 product of random matrices, and a copy (bytes read and written)."""
    if device.type != "cuda":
        return {}
    a, b = (torch.randn(8192, 8192, device=device, dtype=torch.float16) for _ in range(2))
    c = torch.empty_like(a)
    source = torch.randn(1 << 29, device=device, dtype=torch.float32)
    target = torch.empty_like(source)
    products = [sample(lambda: torch.matmul(a, b, out=c), device) for _ in range(7)]
    copies = [sample(lambda: target.copy_(source), device) for _ in range(7)]
    return {
        "gemm_tflops": 2 * 8192**3 / statistics.median(products) / 1e12,
        "copy_gbs": 2 * source.numel() * 4 / statistics.median(copies) / 1e9,
    }


def report(row):
    print(json.dumps(row), flush=True)


def variants_of(work, depth, width, batch, device, wanted):
    """The steps that can be made; one that cannot is reported and left out."""
    steps = {}
    for name in wanted:
        start = time.perf_counter()
        try:
            steps[name] = STEPS[work](depth, width, batch, device, name == "compiled")
        except Exception as problem:  # whatever compilers throw
            report({"row": "skipped", "work": work, "batch": batch, "variant": name, "why": str(problem)[:300]})
            continue
        synchronize(device)
        report({"row": "prepared", "work": work, "batch": batch, "variant": name,
                "seconds": round(time.perf_counter() - start, 1)})
    return steps


def compare(arguments, keisei, work, batch, depth, width, device, peak):
    keisei_work = "sample" if work == "forward" else work
    if keisei:
        keisei.ask(f"{keisei_work} {batch}")
    memory = keisei.ask("memory")["memory"] if keisei and work == "train" else None
    steps = variants_of(work, depth, width, batch, device, arguments.variants.split(","))
    if not steps:
        return
    times = {name: [] for name in steps}
    own = {"sample": [], "forward": [], "train": []}
    rounds = 3 if arguments.quick else arguments.rounds
    for _ in range(rounds):
        for name, step in steps.items():
            times[name].append(sample(step, device, 0.01 if arguments.quick else SAMPLE_SECONDS))
        if keisei:
            for request in dict.fromkeys([work, keisei_work]):
                own[request].append(keisei.ask(f"{request} {batch}")["seconds"])
    medians = {name: statistics.median(values) for name, values in times.items()}
    best = min(medians, key=medians.get)
    flops = forward_flops(depth, width) * (3 if work == "train" else 1) * batch
    row = {"row": work, "network": arguments.network, "batch": batch, "rounds": rounds,
           "torch_best": best, "torch_ms": {name: 1e3 * value for name, value in medians.items()},
           "torch_tflops": flops / medians[best] / 1e12, "torch_positions_s": batch / medians[best]}
    if keisei:
        for request in dict.fromkeys([work, keisei_work]):
            median = statistics.median(own[request])
            name = "keisei" if request == keisei_work else "keisei_forward_only"
            row[name] = {"ms": 1e3 * median, "positions_s": batch / median, "tflops": flops / median / 1e12,
                         "ratio": medians[best] / median}
            if peak:
                row[name]["of_gemm_peak"] = flops / median / 1e12 / peak["gemm_tflops"]
    if memory is not None:
        row["keisei_bytes"] = {"total": sum(memory.values()),
                               "buffers": sum(v for k, v in memory.items() if k != "context and libraries")}
    report(row)


def torch_training_memory(depth, width, batch, device):
    """Peak of PyTorch's allocator over eager AMP training steps in a fresh state."""
    gc.collect()
    torch.cuda.empty_cache()
    before = torch.cuda.memory_allocated()
    torch.cuda.reset_peak_memory_stats()
    step = STEPS["train"](depth, width, batch, device, False)
    step()
    synchronize(device)
    return torch.cuda.max_memory_allocated() - before


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keisei", help="command of Keisei's launcher; without it only PyTorch is measured")
    parser.add_argument("--network", default="9x256", help="DEPTHxWIDTH")
    parser.add_argument("--device", default="cuda", choices=["cuda", "cpu"])
    parser.add_argument("--keisei-device", help="default: that of --device")
    parser.add_argument("--train", default="4096,1024", help="batches of training steps, largest first; empty: none")
    parser.add_argument("--forward", default="1024,128,4096,512,256,2048", help="batches of inference; empty: none")
    parser.add_argument("--variants", default="eager,compiled")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=1e9, help="no row is begun after this time")
    parser.add_argument("--quick", action="store_true", help="tiny batches, eager only, three rounds: a smoke test")
    arguments = parser.parse_args()
    start = time.perf_counter()
    if arguments.quick:
        arguments.train, arguments.forward, arguments.variants = "4", "4,8", "eager"
    device = torch.device(arguments.device)
    if device.type == "cuda" and not torch.cuda.is_available():
        sys.exit("compare.py: PyTorch sees no GPU; --device cpu --quick is the smoke test")
    depth, width = (int(part) for part in arguments.network.split("x"))
    torch.manual_seed(1)
    torch.backends.cudnn.benchmark = True
    name = torch.cuda.get_device_name() if device.type == "cuda" else "cpu"
    report({"row": "about", "torch": torch.__version__, "device": name, "cudnn": torch.backends.cudnn.version()})
    peak = peaks(device)
    if peak:
        report({"row": "peaks", **peak})
    keisei = None
    if arguments.keisei:
        keisei = KeiseiProcess(arguments.keisei, arguments.network, arguments.keisei_device or arguments.device,
                               device.type == "cuda")
        report({"row": "keisei", **keisei.about})
    ladder = [("train", int(b)) for b in arguments.train.split(",") if b]
    ladder += [("forward", int(b)) for b in arguments.forward.split(",") if b]
    if device.type == "cuda" and arguments.train:
        batch = int(arguments.train.split(",")[0])
        report({"row": "torch_memory", "batch": batch, "network": arguments.network,
                "bytes": torch_training_memory(depth, width, batch, device)})
    for work, batch in ladder:
        if time.perf_counter() - start > arguments.seconds:
            report({"row": "skipped", "work": work, "batch": batch, "why": "out of time"})
            continue
        compare(arguments, keisei, work, batch, depth, width, device, peak)
        gc.collect()
        if device.type == "cuda":
            torch.cuda.empty_cache()
    if keisei:
        keisei.close()


if __name__ == "__main__":
    main()
