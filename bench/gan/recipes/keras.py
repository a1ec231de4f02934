"""What Keras does where PyTorch does otherwise, as values for parameters of hacks, and what is left different."""

BATCH_NORM = {"momentum": 0.01, "epsilon": 1e-3, "drops_bias": False}
"""Keras's momentum 0.99 weighs the old statistics; its layers before a norm keep their bias."""
LEAKY_RELU = {"slope": 0.3}
NOTES = (
    "Keras takes the loss of probabilities cut to [1e-7, 1 − 1e-7]: there D learns nothing from a logit beyond ±16.",
    "In newer versions of Keras a frozen D has its BatchNorm on running statistics; here, as in those of the source's "
    "time, on the batch's. D's running statistics see G's images too, which nothing in the training reads.",
    "Running variances are those of n − 1, as in PyTorch; in Keras it depends on the version and the layer.",
)
"""What is left different from Keras: of the loss, of BatchNorm in D, of BatchNorm in either network."""
