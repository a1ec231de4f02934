"""What each hack claims and which quantity would show it, read from the cards in the hacks' own files.

The cards are read as text: importing `hacks` would load torch, which no report needs. A sweep may bring its own under
`cards` in environment.json ({hack: {"claim": …, "mechanism": …, "measured": "a, b"}}), which come first.
"""

import ast
import re
from dataclasses import dataclass
from importlib.machinery import PathFinder
from pathlib import Path

from bench.records.sweep import Sweep

_FIELD = re.compile(r"^([A-Z][a-z]+): *(.*)$")

# Where the claimed mechanism would move the quantity: −1 down, +1 up. A pair without a row claims no direction.
CLAIMED = {
    ("leaky_relu", "d_zero_activation_share"): -1,
    ("leaky_relu", "d_zero_gradient_share"): -1,
    ("strided_conv", "d_zero_gradient_share"): -1,
    ("strided_conv", "stride_energy"): 1,
    ("batch_norm", "d_gradient_first_10"): 1,
    ("batch_norm", "g_gradient_first_10"): 1,
    ("normal_init", "d_gradient_first_1"): -1,
    ("normal_init", "g_gradient_first_1"): -1,
    ("adam_beta1", "d_loss_oscillation"): -1,
    ("adam_beta1", "g_loss_oscillation"): -1,
    ("tanh_scaling", "g_gradient_norm"): 1,
    ("gaussian_latent", "interpolation_distance"): -1,
    ("label_smoothing", "d_real_confidence"): -1,
    ("label_smoothing", "g_gradient_norm"): 1,
    ("label_flips", "d_real_confidence"): -1,
    ("label_flips", "g_gradient_norm"): 1,
    ("split_batches", "mixed_batch_gap"): -1,
    ("divisible_kernel", "stride_energy"): -1,
}

QUANTITIES = {
    "d_zero_activation_share": "share of exactly zero activations in D",
    "d_zero_gradient_share": "share of exactly zero gradients at D's input",
    "d_gradient_first_1": "gradient norm in the first layer of D, step 1",
    "g_gradient_first_1": "gradient norm in the first layer of G, step 1",
    "d_gradient_first_10": "gradient norm in the first layer of D, step 10",
    "g_gradient_first_10": "gradient norm in the first layer of G, step 10",
    "d_loss_oscillation": "oscillation of D's loss",
    "g_loss_oscillation": "oscillation of G's loss",
    "stride_energy": "log energy at the stride's frequency, fake over real",
    "interpolation_distance": "distance of interpolations to real images",
    "d_real_confidence": "D's confidence on real images",
    "g_gradient_norm": "norm of G's gradient",
    "mixed_batch_gap": "gap of D's logits on fakes, mixed against all-fake batch",
}


@dataclass(frozen=True)
class Card:
    """A hack's claim, the mechanism behind it, and the recorded quantities that would show it."""

    claim: str
    mechanism: str
    measured: tuple[str, ...]


def cards(sweep: Sweep) -> dict[str, Card]:
    """The cards of the sweep's hacks; hacks without one are left out."""
    own = sweep.environment.get("cards") or {}
    found = {}
    for hack in sweep.hacks:
        fields = {k.lower(): str(v) for k, v in own[hack].items()} if isinstance(own.get(hack), dict) else _read(hack)
        if fields:
            names = tuple(name.strip() for name in fields.get("measured", "").split(",") if name.strip() != "none")
            found[hack] = Card(fields.get("claim", ""), fields.get("mechanism", ""), tuple(filter(None, names)))
    return found


def _read(hack: str) -> dict[str, str]:
    """The fields of the card in hacks/<hack>.py by their names in lower case; {} where there is no such file."""
    spec = PathFinder.find_spec("hacks")
    if spec is None or not hack.isidentifier():
        return {}
    for folder in spec.submodule_search_locations or ():
        path = Path(folder) / f"{hack}.py"
        if path.is_file():
            return _fields(ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "")
    return {}


def _fields(card: str) -> dict[str, str]:
    fields: dict[str, str] = {}
    name = None
    for line in card.splitlines():
        match = _FIELD.match(line)
        if match:
            name = match.group(1).lower()
            fields[name] = match.group(2).strip()
        elif name and line.startswith(" "):
            fields[name] = f"{fields[name]} {line.strip()}"
        elif not line.strip():
            name = None
    return fields
