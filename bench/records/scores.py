"""What each score is called and which way is better, declared once; imports nothing."""

DIRECTIONS: dict[str, str] = {
    "fid": "lower",
    "kid": "lower",
    "is": "higher",
    "is_std": "lower",
    "precision": "higher",
    "recall": "higher",
    "density": "higher",
    "coverage": "higher",
    "modes": "higher",
    "modes_kl": "lower",
    "high_quality": "higher",
    "vendi": "higher",
    "ssim_within_class": "lower",
    "duplicates": "lower",
    "texture": "lower",
    "total_variation_ratio": "lower",
}
