"""A PRISMA flow as boxes with places, for a template to draw. Plain values in and out."""

from typing import NamedTuple

from mapping.parsers.lookalikes import visible

WIDTH, LINE, PAD, GAP, ASIDE, LETTERS = 320, 20, 12, 32, 400, 42


class Box(NamedTuple):
    x: int
    y: int
    height: int
    lines: list  # of (y, text); the first is the heading
    width: int = WIDTH


class Stage(NamedTuple):
    """One step down, with what leaves to the side: `aside` is (heading, [reason]) or None."""

    heading: str
    details: list
    aside: tuple | None = None


def stages(records, duplicates, steps, papers):
    """From the records by source to what is included; `steps` as `flow.prisma_flow` gives them."""
    sources = [f"{source}: {count:,}" for source, count in records.items()]
    merged = (f"Duplicates merged: {duplicates:,}", []) if duplicates else None
    stages = [Stage(f"Identified: {sum(records.values()):,}", sources, merged)]
    for step in steps:
        reasons = [f"{label}: {count:,}" for label, count in step.reasons.items()]
        aside = (f"Excluded: {step.excluded:,}", reasons) if step.excluded else None
        undecided = [f"not decided yet: {step.undecided:,}"] if step.undecided else []
        stages.append(Stage(f"{step.phase}: {step.papers:,}", undecided, aside))
    # What a phase has not decided yet may leave still: the diagram says so, for it is not the end.
    so_far = " so far" if any(step.undecided for step in steps) else ""
    return [*stages, Stage(f"Included{so_far}: {steps[-1].remaining if steps else papers:,}", [])]


def drawn(stages):
    """`{"boxes", "down", "across", "width", "height"}`: boxes, and arrows as (x1, y1, x2, y2)."""
    boxes, down, across, y = [], [], [], 1
    for stage in stages:
        main = box(1, y, stage.heading, stage.details)
        aside = box(ASIDE, y, *stage.aside) if stage.aside else None
        boxes += [main, *([aside] if aside else [])]
        if aside:
            across.append((1 + WIDTH, y + 20, ASIDE, y + 20))
        bottom = max(y + main.height, y + aside.height if aside else 0)
        if stage is not stages[-1]:
            down.append((1 + WIDTH // 2, y + main.height, 1 + WIDTH // 2, bottom + GAP))
        y = bottom + GAP
    return {
        "boxes": boxes,
        "down": down,
        "across": across,
        "width": ASIDE + WIDTH + 1,
        "height": y - GAP + 1,
    }


def box(x, y, heading, details):
    texts = [shortened(text) for text in [heading, *details]]
    lines = [(y + PAD + LINE * (index + 1) - 5, text) for index, text in enumerate(texts)]
    return Box(x, y, 2 * PAD + LINE * len(texts), lines)


def shortened(text):
    text = visible(text)
    return text if len(text) <= LETTERS else f"{text[: LETTERS - 1]}…"
