"""How fast this machine trains, beside a plain PyTorch loop and beside what the hardware could do."""
