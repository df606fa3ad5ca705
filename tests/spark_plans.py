"""What a physical plan of Spark does that a driver or one worker could not bear on a growing table."""

MOST = 100_000  # rows that one partition or the driver may hold
ONE_ROW = ("HashAggregateExec", "ObjectHashAggregateExec", "SortAggregateExec")
FEW = ("LocalTableScanExec", "RDDScanExec", "OneRowRelationExec")
INSIDE = {"AdaptiveSparkPlanExec": "executedPlan", "ShuffleQueryStageExec": "plan", "BroadcastQueryStageExec": "plan",
          "TableCacheQueryStageExec": "plan", "ResultQueryStageExec": "plan"}


def nodes(plan) -> list:
    """Give every node of a plan, through stages, cached tables and subqueries."""
    found, waiting = [], [plan]
    while waiting:
        node = waiting.pop()
        found.append(node)
        waiting += below(node)
        subqueries = node.subqueries()
        waiting += [subqueries.apply(number) for number in range(subqueries.size())]
    return found


def below(node) -> list:
    """Give the nodes right below one."""
    if kind(node) in INSIDE:
        return [getattr(node, INSIDE[kind(node)])()]
    if kind(node) == "InMemoryTableScanExec":
        return [node.relation().cachedPlan()]
    children = node.children()
    return [children.apply(number) for number in range(children.size())]


def kind(node) -> str:
    return node.getClass().getSimpleName()


def plan_of(frame):
    """Give the physical plan of a frame, as far as it is known."""
    return frame._jdf.queryExecution().executedPlan()


def faults(frame) -> list[str]:
    """Give what is not allowed over a relation that grows with orders or customers; empty for a sound plan."""
    return [fault for node in nodes(plan_of(frame)) if (fault := _fault(node))]


def allowed(frame) -> list[str]:
    """Give the final steps that a plan is allowed: what brings partial aggregates, or few rows, to one place."""
    return [kind(bare(below(node)[0])) for node in nodes(plan_of(frame)) if _gathers(node) and _bounded(below(node)[0])]


def _fault(node) -> str | None:
    name = kind(node)
    if _gathers(node) and not _bounded(below(node)[0]):
        return f"{name} SinglePartition over {kind(bare(below(node)[0]))}"
    if name == "WindowExec" and node.partitionSpec().isEmpty():
        return "window over everything"
    if name == "BroadcastExchangeExec" and not _bounded(below(node)[0]):
        return f"broadcast of {_leaves(node)}"
    if name in ("CartesianProductExec", "BroadcastNestedLoopJoinExec") and not any(_bounded(one) for one in below(node)):
        return name
    if name in ("CollectLimitExec", "TakeOrderedAndProjectExec", "GlobalLimitExec") and node.limit() > MOST:
        return f"{name} of {node.limit()} rows"
    return None


def _gathers(node) -> bool:
    return kind(node) == "ShuffleExchangeExec" and node.outputPartitioning().toString() == "SinglePartition"


def bare(node):
    """Give a node without what only passes rows on."""
    while kind(node) in ("ProjectExec", "WholeStageCodegenExec", "InputAdapter", "AQEShuffleReadExec", "SortExec", "BroadcastExchangeExec",
                         "ColumnarToRowExec", "FilterExec", *INSIDE):
        node = below(node)[0]
    return node


def _bounded(node) -> bool:
    """Tell whether a node gives few rows whatever the data: one row a partition, a limit, or a table that the program holds."""
    node = bare(node)
    if kind(node) in ONE_ROW:
        return node.groupingExpressions().isEmpty() or _bounded(below(node)[0])
    if kind(node) in ("LocalLimitExec", "CollectLimitExec", "TakeOrderedAndProjectExec", "GlobalLimitExec"):
        return node.limit() <= MOST
    if kind(node) in FEW:
        return True
    return _gathers(node) and _bounded(below(node)[0])


def _leaves(node) -> str:
    return ", ".join(sorted({one.simpleStringWithNodeId()[:60] for one in nodes(node) if not below(one)}))
