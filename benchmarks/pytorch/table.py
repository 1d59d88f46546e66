#!/usr/bin/env python3
"""The rows of compare.py as a short table, with the aims: table.py compare.jsonl [steps/s of the PPO loop, N = 512]"""

import json
import sys

# PPO epochs of the measured loop.
EPOCHS = 4


def line(result, what, figures):
    print(f"{result:7} {what:44} {figures}")


def main():
    rows = []
    with open(sys.argv[1], encoding="utf-8") as file:
        for text in file:
            if text.startswith("{"):
                rows.append(json.loads(text))
    by_kind = {}
    for row in rows:
        by_kind.setdefault(row.get("row"), []).append(row)
    peak = by_kind.get("peaks", [{}])[0]
    if peak:
        line("note", "peaks measured by PyTorch", f"{peak['gemm_tflops']:.0f} TFLOP/s, {peak['copy_gbs']:.0f} GB/s")
    rates = {}
    for kind, share, factor in (("train", 0.55, 1.5), ("forward", 0.75, 1.3)):
        for row in by_kind.get(kind, []):
            own = row.get("keisei")
            what = f"{'training step' if kind == 'train' else 'inference'} {row['network']} batch {row['batch']}"
            torch_text = f"PyTorch {row['torch_positions_s'] / 1e3:.1f} k/s ({row['torch_tflops']:.0f} TFLOP/s)"
            if not own:
                line("note", what, torch_text)
                continue
            rates[kind, row["batch"]] = own["positions_s"]
            of_peak = own.get("of_gemm_peak", 0)
            met = own["ratio"] >= factor and (of_peak >= share or kind == "forward")
            line("ok" if met else "BELOW", what,
                 f"{own['positions_s'] / 1e3:.1f} k/s, {own['tflops']:.0f} TFLOP/s, {100 * of_peak:.0f} % of GEMM; "
                 f"{own['ratio']:.2f}x of {torch_text} (aim {factor}x)")
    forwards = [r["keisei"].get("of_gemm_peak", 0) for r in by_kind.get("forward", []) if "keisei" in r]
    if forwards:
        best = max(forwards)
        line("ok" if best >= 0.75 else "BELOW", "inference, best batch", f"{100 * best:.0f} % of GEMM (aim 75 %)")
    loop = float(sys.argv[2]) if len(sys.argv) > 2 else 0
    if loop and ("forward", 512) in rates and ("train", 4096) in rates:
        # A gradient step costs three forwards, and each position is stepped on once an epoch.
        bound = 1 / (1 / rates["forward", 512] + EPOCHS / rates["train", 4096])
        line("ok" if loop >= 0.85 * bound else "BELOW", "PPO loop against its two parts",
             f"{loop / 1e3:.1f} k of {bound / 1e3:.1f} k steps/s: {100 * loop / bound:.0f} % (aim 85 %)")
    for row in by_kind.get("torch_memory", []):
        own = next((r["keisei_bytes"]["buffers"] for r in by_kind.get("train", []) if "keisei_bytes" in r), None)
        text = f"PyTorch {row['bytes'] / 2**30:.2f} GiB"
        if own is None:
            line("note", f"memory of training at batch {row['batch']}", text)
        else:
            share = own / row["bytes"]
            line("ok" if share <= 0.6 else "BELOW", f"memory of training at batch {row['batch']}",
                 f"{own / 2**30:.2f} GiB, {share:.2f} of {text} (aim 0.6)")
    for row in by_kind.get("skipped", []):
        line("skip", f"{row['work']} batch {row['batch']} {row.get('variant', '')}", row["why"][:100])


if __name__ == "__main__":
    main()
