"""One thread per process: tests run beside each other, and small networks are faster so."""

import torch

torch.set_num_threads(1)
