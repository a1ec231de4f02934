"""Numbers and lists as they stand in a sentence."""


def signed(percentage: float) -> str:
    """A percentage with its sign, as "−12 %" or "+3 %"; infinite and huge ones as "over +1000 %"."""
    if percentage > 1000:
        return "over +1000 %"
    number = f"{abs(percentage):.1f}" if abs(percentage) < 9.95 else f"{abs(percentage):.0f}"
    sign = "" if float(number) == 0 else "−" if percentage < 0 else "+"
    return f"{sign}{number} %"


def listed(words: list[str]) -> str:
    """Words as an English list: "a", "a and b", "a, b and c"."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
