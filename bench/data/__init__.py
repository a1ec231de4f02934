"""A name -> real images as one uint8 tensor, with labels, a reference split, a content hash and provenance.

`load("mnist5k")` is all that the other stages need. Each family of datasets is one file here that ends in a
`register(...)`; importing this package loads none of the libraries that a family needs until it is asked for.
"""

from bench.data.dataset import Dataset, MixtureModes
from bench.data.registry import check_name, default_root, describe, load, names, skip_broken_pictures

__all__ = ["Dataset", "MixtureModes", "check_name", "default_root", "describe", "load", "names", "skip_broken_pictures"]
