"""Downloads by torchvision, with every way they can fail turned into one line."""

import contextlib
import http.client
import socket
import sys
import urllib.error
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from bench.errors import UserError

_TIMEOUT_S = 30  # of one connection or read: an unreachable host must not hang a sweep


def torchvision_datasets() -> ModuleType:
    """`torchvision.datasets`, imported only when a dataset needs it."""
    import bench.torchvision_fix  # noqa: F401, I001
    from torchvision import datasets

    return datasets


@contextlib.contextmanager
def downloading(name: str, root: Path, remedy: str) -> Iterator[None]:
    """Run torchvision's download or integrity check of a dataset; its failures become a `UserError` with `remedy`."""
    timeout = socket.getdefaulttimeout()
    socket.setdefaulttimeout(_TIMEOUT_S)
    try:
        root.mkdir(parents=True, exist_ok=True)
        with contextlib.redirect_stdout(sys.stderr):  # torchvision reports its progress and its mirrors by print
            yield
    except (urllib.error.URLError, http.client.HTTPException, RuntimeError, OSError) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise UserError(
            f"dataset {name!r}: not under {str(root)!r} and cannot be downloaded ({reason}); {remedy}"
        ) from error
    finally:
        socket.setdefaulttimeout(timeout)
