"""What stands first on the page, to the word, from hand-made estimates."""

from bench.report.sections import answer, disagreements, placebo


def told(findings) -> list[str]:
    return [block.text for block in answer.section(findings).blocks if block.kind == "text"]


def test_claims_come_first_and_the_rest_with_the_bound_they_reached(effect, found):
    rows = [
        effect("a", pct=-77.0, half=9.0),
        effect("b", pct=30.0, half=4.0, verdict="hurts"),
        effect("c", pct=1.0, half=3.0, verdict="negligible"),
        effect("d", pct=2.0, half=16.0, verdict="inconclusive"),
        effect("e", pct=-2.0, half=9.0, verdict="inconclusive"),
        effect("placebo", pct=1.0, verdict="inconclusive"),
    ]
    assert told(found(rows))[0] == (
        "On **d**, on average over recipes at large, `a` (−77 %, −86 to −68 %) helps; `b` (+30 %, +26 to +34 %) hurts; "
        "`c` is negligible (within ± 5 %); the other two tricks are inconclusive with 24 cells and 48 runs: "
        "each may change FID by at most 18 % either way."
    )


def test_a_wide_bound_is_a_factor_and_a_hint_is_named(effect, found):
    rows = [
        effect("a", pct=-50.0, half=20.0, verdict="inconclusive"),
        effect("b", pct=60.0, half=100.0, verdict="inconclusive"),
    ]
    assert told(found(rows))[0] == (
        "On **d**, on average over recipes at large, both tricks are inconclusive with 24 cells and 48 runs: each may "
        "change FID by a factor of up to 3.3 either way; the first to look at again, clear of zero by an interval of "
        "its own: `a` (−50 %, −70 to −30 %)."
    )


def test_failures_have_a_word_of_their_own(effect, found):
    rows = [effect("a", verdict="fragile", failure_difference=0.25), effect("b", pct=-30.0)]
    assert told(found(rows))[0].endswith("helps; `a` (+25 points of failed runs) makes training fail more often.")


def test_what_could_not_be_estimated_is_said(effect, found):
    rows = [effect("a", pct=float("nan"), verdict="inconclusive", se_log=float("nan"), note="every run failed")]
    assert told(found(rows))[0] == "On **d**, on average over recipes at large, nothing can be said: every run failed."


def test_names_inside_other_words_are_not_marked(effect, found):
    (sentence, *_) = told(found([effect("norm"), effect("batch_norm", verdict="inconclusive")]))
    assert sentence.startswith("On **d**, on average over recipes at large, `norm` (−20 %")
    assert "`batch_norm` is inconclusive" in sentence


def test_the_answer_over_datasets_names_what_is_clear_of_zero(effect, found):
    rows = [effect("a", dataset, pct=-pct) for dataset, pct in zip("def", (19.0, 20.0, 21.0), strict=True)]
    weak = [effect("b", dataset, pct=pct) for dataset, pct in zip("def", (0.5, -0.5, 0.1), strict=True)]
    text = told(found(rows + weak))[3]
    assert text.startswith("On **all 3 datasets together**")
    assert "clear of zero for `a` (−20 %, " in text
    assert "`b`" not in text
    assert not any("together" in text for text in told(found([row for row in rows if row["dataset"] != "f"])))
    assert told(found(weak))[3].endswith("for no trick.")


def test_a_placebo_that_excludes_zero_is_said_aloud(effect, found):
    findings = found([effect("a"), effect("placebo", pct=12.0, half=4.0)])
    (block,) = placebo.warnings(findings)
    assert block.tone == "warning"
    assert "came out at +12 % (95 % interval +8.0 to +16 %): **its interval excludes zero.**" in block.text
    assert block in answer.section(findings).blocks


def test_a_quiet_placebo_is_reported_with_its_interval(effect, found):
    (block,) = placebo.section(found([effect("a"), effect("placebo", pct=1.0, half=4.0)])).blocks
    assert block.tone == "plain"
    assert block.text.endswith(
        "+1.0 % (95 % interval −3.0 to +5.0 %) on `d`: its interval contains zero, as it should."
    )


def test_no_placebo_is_said(effect, found):
    (block,) = placebo.section(found([effect("a")])).blocks
    assert "has no placebo" in block.text


def test_datasets_that_disagree_are_named(effect, found):
    findings = found([effect("a", "d"), effect("a", "e", pct=30.0, verdict="hurts")])
    section = disagreements.section(findings)
    (sentence,) = section.blocks[0].items
    assert section.finding == "They differ beyond noise on `a`."
    assert sentence.startswith("`a` helps on `d` (−20 % FID) but hurts on `e` (+30 % FID)")
    assert sentence.endswith("**Decide this one per dataset.**")


def test_where_datasets_agree_there_is_no_section(effect, found):
    assert disagreements.section(found([effect("a", "d"), effect("a", "e", pct=-22.0)])) is None
    assert disagreements.section(found([effect("a", "d")])) is None
