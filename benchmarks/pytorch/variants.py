"""Ways to run the tower in PyTorch, each as a function without arguments that does one step on the GPU (or CPU)."""

import torch

from tower import ActorCriticResTower, make_batch, ppo_loss

LOSS_SCALE = 1024.0
CLIP_NORM = 0.5


def captured(step):
    """The step as one CUDA graph, after warm-up on a side stream as PyTorch asks for."""
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(3):
            step()
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        step()
    return graph.replay


def forward_step(depth, width, batch, device, compiled):
    """Inference from planes on the device, in half precision on a GPU."""
    half = device.type == "cuda"
    model = ActorCriticResTower(depth, width).to(device).eval().to(memory_format=torch.channels_last)
    planes = make_batch(batch, device)["planes"]
    if half:
        model, planes = model.half(), planes.half()
    run = torch.compile(model, mode="max-autotune-no-cudagraphs", dynamic=False) if compiled else model

    def step():
        with torch.inference_mode():
            return run(planes)

    step()
    return captured(step) if half else step


def training_step(depth, width, batch, device, compiled):
    """Forward, PPO loss, backward, clipping, Adam: AMP float16 with a loss scale on a GPU, the whole step one graph."""
    half = device.type == "cuda"
    model = ActorCriticResTower(depth, width).to(device).train().to(memory_format=torch.channels_last)
    data = make_batch(batch, device)
    parameters = list(model.parameters())
    options = {"fused": True, "capturable": True} if half else {}
    optimizer = torch.optim.Adam(parameters, lr=1e-6, **options)
    scale = LOSS_SCALE if half else 1.0

    def loss_of():
        with torch.autocast("cuda", torch.float16, enabled=half):
            logits, value = model(data["planes"])
        return ppo_loss(logits, value, data) * scale

    run = torch.compile(loss_of, mode="max-autotune-no-cudagraphs", dynamic=False) if compiled else loss_of

    def step():
        optimizer.zero_grad(set_to_none=True)
        run().backward()
        if half:
            torch._foreach_mul_([p.grad for p in parameters], 1 / scale)
        torch.nn.utils.clip_grad_norm_(parameters, CLIP_NORM, foreach=True)
        optimizer.step()

    step()
    return captured(step) if half else step


STEPS = {"forward": forward_step, "train": training_step}
