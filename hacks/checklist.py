"""The 17 points of "How to train a GAN?" (Chintala, Denton, Arjovsky, Mathieu 2016), and the toggles that are them."""

from __future__ import annotations

from typing import NamedTuple


class Point(NamedTuple):
    """One point of the checklist.

    Attributes:
        number: its place in the list.
        advice: what it says, in our words.
        hacks: the toggles that are it, or that are what it warns of.
        instead: where the point is no toggle, or only part of it is, why.
    """

    number: int
    advice: str
    hacks: tuple[str, ...] = ()
    instead: str = ""


POINTS = (
    Point(1, "Images in [−1, 1], and tanh as G's last layer", ("tanh_scaling",)),
    Point(
        2,
        "G maximises log D instead of minimising log(1 − D)",
        ("saturating_loss",),
        "the advice is the base; the toggle is what it replaced, to see what it is worth",
    ),
    Point(3, "Gaussian latents, interpolated on a great circle", ("gaussian_latent", "spherical_latent")),
    Point(
        4,
        "BatchNorm, on batches of real or of fake images alone; instance norm where BatchNorm cannot be",
        ("batch_norm", "split_batches", "instance_norm"),
    ),
    Point(
        5,
        "No sparse gradients: LeakyReLU, no max-pooling, strides or average pooling, PixelShuffle or strides back up",
        ("leaky_relu", "strided_conv", "average_pooling", "pixel_shuffle"),
    ),
    Point(6, "Soft labels, and noisy ones for D", ("label_smoothing", "label_flips")),
    Point(
        7,
        "DCGAN where it can be, else a hybrid of a GAN with a VAE or KL",
        (),
        "DCGAN is the backbone of every run; a VAE hybrid is another model and no trick",
    ),
    Point(8, "Tricks of reinforcement learning", ("experience_replay", "past_discriminators")),
    Point(9, "Adam, with β1 .5, for G and SGD for D", ("adam_beta1", "sgd_discriminator")),
    Point(
        10,
        "See failures early: D's loss at 0, large gradients, a G that feeds D garbage",
        (),
        "it is measured in every run: losses, gradient norms, the stability scores",
    ),
    Point(
        11,
        "Do not balance the players by their losses",
        ("skip_discriminator",),
        "the advice is the base; the toggle is what it warns of",
    ),
    Point(12, "Labels where there are any", ("auxiliary_classifier", "projection")),
    Point(
        13,
        "Noise on D's inputs that fades, and noise in every layer of G",
        ("instance_noise", "generator_noise"),
    ),
    Point(14, "More steps of D, where there is noise", ("more_d_steps",)),
    Point(15, "Batch discrimination", ("minibatch_discrimination", "minibatch_stddev")),
    Point(
        16,
        "Discrete variables by an embedding, or as planes beside the image",
        ("auxiliary_classifier", "projection"),
        "a choice within the tricks that use labels, not a toggle of its own",
    ),
    Point(17, "Dropout of 50 % in G, in training and at test", ("generator_dropout",)),
)
"""All of them, in their order."""

CHECKLIST = tuple(dict.fromkeys(hack for point in POINTS for hack in point.hacks))
"""The toggles of all points, each once."""
