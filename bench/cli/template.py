"""A trick of one's own to start from: what `ganbench hacks --new` writes."""

from __future__ import annotations

import keyword
import re
from pathlib import Path

from bench.errors import UserError

TEMPLATE = '''"""{title}.

Off: D pays for its two losses alone.
On: D also pays weight · mean(logit²) on real images, less and less until the end of the run.
Source: ours, as an example; put here who proposed the trick, the year, and where.
Claim: put here what the source says that it does.
Needs: nothing.
Clashes: nothing.
Mechanism: put here why it should help.
Measured: none
"""

# What a recipe is made of is in hacks/recipe.py, what each slot is offered in hacks/slots.py. Three ways to fill one:
#   recipe.fill(d_lr=4e-4)                    a slot that holds one value; two hacks that want it exclude each other
#   recipe.fill(loss=MyLoss())                the same with an object of yours
#   recipe.add("penalties", MyPenalty(1.0))   a slot that holds any number of members
# "Measured:" above names recorded quantities and the way that the trick would move them, such as
# `Measured: g_gradient_norm down`; the report then tests it.

from dataclasses import dataclass
from typing import Annotated

from torch import Tensor

from hacks import Range, Recipe, hack
from hacks.recipe import Step


@dataclass(frozen=True)  # frozen: what it has to remember goes into a `state`, which a method `start` makes
class {member}:
    """The penalty of the docstring above.

    Attributes:
        weight: of the penalty when the run begins.
    """

    weight: float

    def __call__(self, real_logits: Tensor, step: Step) -> Tensor:
        """A scalar. Parameters are asked for by name; see OFFERED in hacks/slots.py for what there is."""
        return self.weight * (1 - step.progress) * real_logits.square().mean()


@hack(order=5000)  # the place in listings; also: needs=("batch_norm",), family="penalty"
def {name}(
    recipe: Recipe,
    # The range says what is accepted, `search` where --tune looks.
    weight: Annotated[float, Range(0, log=True, search=(1e-4, 1.0))] = 0.01,
) -> Recipe:
    """Switch on the trick. Off is derived: it takes back what this fills in."""
    return recipe.add("penalties", {member}(weight))
'''


def write_template(name: str, folder: Path) -> Path:
    """Write NAME.py, a hack that works as it is, with comments on what to change.

    Raises:
        UserError: a name that Python or the registry cannot have, a file that is there, a folder that refuses.
    """
    import hacks

    if not re.fullmatch(r"[a-z][a-z0-9_]*", name) or keyword.iskeyword(name):
        raise UserError(f"new {name!r}: expected a name of small letters, digits and underscores, such as my_trick")
    if name in hacks.names():
        raise UserError(f"new {name!r}: there is a hack of that name; take another one, such as my_{name}")
    words = name.replace("_", " ")
    # Never the plain name: a member called like one of the imports would hide it.
    member = "".join(part.capitalize() for part in name.split("_")) + "Member"
    path = folder / f"{name}.py"
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(TEMPLATE.format(name=name, member=member, title=words.capitalize()))
    except FileExistsError:
        raise UserError(f"new {name!r}: {path} is there; remove it, or take another name") from None
    except OSError as problem:
        raise UserError(f"new {name!r}: {path} cannot be written ({problem.strerror})") from None
    return path
