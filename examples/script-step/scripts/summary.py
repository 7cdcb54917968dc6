# What the steps before have left is in `context`; what `result` is set to is the value of this one.
# ruff: noqa: F821, SIM108 - the runtime provides `context`; a beginner reads this

levels = sorted(row["cm"] for row in context["levels"] if row["cm"] is not None)
middle = len(levels) // 2
if len(levels) % 2:
    median = levels[middle]
else:
    median = (levels[middle - 1] + levels[middle]) / 2

result = {"median": median, "warning": median >= context["limit"]}
