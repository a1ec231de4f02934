"""The catalogue of recorded quantities that would show a hack's mechanism: what each is called.

In the frame of runs their columns begin with `mechanism_`, but for those that are scores as well.
"""

QUANTITIES: dict[str, str] = {
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
