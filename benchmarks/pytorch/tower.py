"""The residual actor-critic tower of Keisei in PyTorch, and its PPO loss: what Keisei is compared with."""

import torch
from torch import nn
from torch.nn import functional as F

PLANES = 46
BOARD = 9
ACTIONS = 3781
SE_RATIO = 0.25


class Block(nn.Module):
    """relu(x + SE(bn2(conv2(relu(bn1(conv1(x)))))))"""

    def __init__(self, width: int):
        super().__init__()
        hidden = int(width * SE_RATIO)
        self.conv1 = nn.Conv2d(width, width, 3, padding=1)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1)
        self.bn2 = nn.BatchNorm2d(width)
        self.fc1 = nn.Conv2d(width, hidden, 1)
        self.fc2 = nn.Conv2d(hidden, width, 1)

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        gate = y.mean((2, 3), keepdim=True)
        gate = torch.sigmoid(self.fc2(F.relu(self.fc1(gate))))
        return F.relu(x + y * gate)


class Head(nn.Module):
    """1x1 convolution to 2 channels, batch norm, ReLU, linear layer."""

    def __init__(self, width: int, outputs: int):
        super().__init__()
        self.conv = nn.Conv2d(width, 2, 1)
        self.bn = nn.BatchNorm2d(2)
        self.fc = nn.Linear(2 * BOARD * BOARD, outputs)

    def forward(self, x):
        return self.fc(F.relu(self.bn(self.conv(x))).flatten(1))


class ActorCriticResTower(nn.Module):
    """Logits over the actions and a value."""

    def __init__(self, depth: int, width: int):
        super().__init__()
        self.conv = nn.Conv2d(PLANES, width, 3, padding=1)
        self.bn = nn.BatchNorm2d(width)
        self.blocks = nn.Sequential(*(Block(width) for _ in range(depth)))
        self.policy = Head(width, ACTIONS)
        self.value = Head(width, 1)

    def forward(self, planes):
        x = self.blocks(F.relu(self.bn(self.conv(planes))))
        return self.policy(x), self.value(x).squeeze(1)


def ppo_loss(logits, value, batch):
    """Clipped policy loss over legal actions, value loss, entropy bonus; sums in float32."""
    logits = logits.float().masked_fill(~batch["mask"], float("-inf"))
    log_probabilities = torch.log_softmax(logits, 1)
    chosen = log_probabilities.gather(1, batch["action"].unsqueeze(1)).squeeze(1)
    ratio = torch.exp(chosen - batch["old"])
    advantage = batch["advantage"]
    policy = -torch.minimum(ratio * advantage, ratio.clamp(0.8, 1.2) * advantage).mean()
    value_loss = F.mse_loss(value.float(), batch["return"])
    finite = log_probabilities.masked_fill(~batch["mask"], 0)
    entropy = -(finite.exp() * finite).masked_fill(~batch["mask"], 0).sum(1).mean()
    return policy + 0.5 * value_loss - 0.01 * entropy


def make_batch(size: int, device, generator_seed: int = 1):
    """Inputs like those of a game: sparse planes of zeros and ones, about 80 legal actions a position."""
    generator = torch.Generator().manual_seed(generator_seed)
    planes = (torch.rand((size, PLANES, BOARD, BOARD), generator=generator) < 0.1).float()
    mask = torch.rand((size, ACTIONS), generator=generator) < 80 / ACTIONS
    action = torch.randint(ACTIONS, (size,), generator=generator)
    mask[torch.arange(size), action] = True
    return {
        "planes": planes.to(device).contiguous(memory_format=torch.channels_last),
        "mask": mask.to(device),
        "action": action.to(device),
        "old": torch.full((size,), -4.4, device=device),
        "advantage": torch.randn((size,), generator=generator).to(device),
        "return": torch.rand((size,), generator=generator).to(device) * 2 - 1,
    }


def forward_flops(depth: int, width: int) -> float:
    """Multiplications and additions of convolutions and linear layers, of one position."""
    spatial = BOARD * BOARD
    stem = 9 * PLANES * width
    blocks = 2 * depth * 9 * width * width
    excite = 2 * depth * width * int(width * SE_RATIO)
    return 2 * (spatial * (stem + blocks + 4 * width) + excite + 2 * spatial * (ACTIONS + 1))
