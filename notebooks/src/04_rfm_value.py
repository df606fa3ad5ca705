# ---
# jupyter:
#   custlib:
#     reads: [data/build]
#     needs: [orders]
#     writes: [tables/customers.parquet, tables/labels.parquet, tables/segments.parquet, tables/abc.parquet, tables/ledger.parquet, tables/edges.json, summary/04_rfm_value.json]
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown] tags=["zh"]
# # 04 RFM 与价值：谁最有价值，按哪种定义？
# **读** 数据集的规范表（没有就现建） **写** `tables/` 中的客户表、标签、分群、ABC、账目与 `edges.json` **用时** 1 分钟。
#
# **结论**：见本页末尾，由当次数据写出；每个数字都带区间，每个标签都带分界。

# %% [markdown] tags=["en"]
# # 04 RFM and value: who is worth most, and by which definition?
# **Reads** the canonical tables of a data set (builds them if need be) **writes** customers, labels, segments, ABC, ledger and `edges.json` into `tables/` **takes** 1 minute.
#
# **Finding:** at the end of this page, written from the data of the day; every number has its interval, every label its threshold.

# %% tags=["parameters"]
dataset: str = "pinecone"          # name or path of a dataset.toml
as_of: str = "2025-01-01"          # rows on or after this day do not exist for the run; never today()
lang: str = "bi"                   # zh, en or bi, for titles and axis names
run_dir: str = "reports/runs/notebooks"  # the run folder
seed: int = 20250123               # for resampling only
bins: int = 5                      # scores of R, F and M; 2 to 10
cut: str = "median"                # cut of the eight classes: median, mean or business
business_cuts: list = []           # for cut = business: days, orders, amount
abc: list = [0.70, 0.90]           # cumulative shares that end classes A and B
tier_rule: str = "share"           # high/mid/low by cumulative share, or by head count (quantile)
window_days: int = 0               # only the last days; 0 is the whole history
segment_map: str = ""              # blank: the data set's own map, else named; or the path of a TOML file
engine: str = "duckdb"             # what computes over rows: duckdb, or spark where it is installed
resamples: int = 200               # bootstrap draws behind each interval; 20 to 2000

# %%
import json
from datetime import date

import pandas as pd
from IPython.display import Markdown, display

from custlib import course, plots, tables, value
from custlib.engine import rows_tier
from custlib.i18n import integer, money, number, percent, text
from custlib.plots import both
from custlib.report import context, findings, segment_tables
from custlib.report.context import sentence
from custlib.report.summary import run_folder, say, write_summary

# %% [markdown] tags=["zh"]
# ## 账目：每一行去了哪里
# 先看账，再看图。读入的行＝拒收＋各条去路＋进入客户表的行，一行不差。没有客户号的销售仍是销售，只是不进客户表。

# %% [markdown] tags=["en"]
# ## The ledger: where every row went
# Accounts before charts. Rows read = rejected + every way out + rows in the customer table, to the row. A sale without a customer is still a sale; it only stays out of the customer table.

# %%
data = tables.load(dataset)
built = tables.build(data)
run = run_folder(run_dir)
rows = rows_tier(built.folder, date.fromisoformat(as_of), engine=engine, returns=data.returns, zero=data.zero, window_days=window_days or None)
ledger = tables.ledger(rows.ledger(), built)
ledger

# %% [markdown] tags=["zh"]
# **读法。** 最后一行是本页其余部分的全部原料。退货与零金额按 `dataset.toml` 声明的规则处理；换一种规则，下面的每个数字都会变，所以规则印在报告上。

# %% [markdown] tags=["en"]
# **Reading.** The last row is all that the rest of this page is made of. Returns and zero amounts follow the rules that `dataset.toml` declares; other rules would move every number below, so the report prints them.

# %% [markdown] tags=["zh"]
# ## 客户表：一行一位客户
# R＝最近一次购买距截止日的天数，F＝订单数（不是行数），M＝净消费总额。退货降低金额，但不算订单，也不改变日期。

# %% [markdown] tags=["en"]
# ## The customer table: one row per customer
# R = days from the last order to the as-of day, F = orders (not lines), M = net spend. A return lowers money; it is never an order and moves no date.

# %%
customers = rows.customers()
customers[["recency_days", "orders", "order_days", "net_amount", "average_order_amount"]].describe(percentiles=[0.5]).round(2)

# %% [markdown] tags=["zh"]
# ## 分界：同值必同分
# 常见做法 `qcut` 在许多客户只买一次时会报错；改用 `rank(method="first")` 又会让相同的客户因行序而不同分。这里的分界由“值→人数”得出：相同的值永远同分，某一档可以不出现。

# %% [markdown] tags=["en"]
# ## Edges: equal values share a score
# The usual `qcut` fails where many customers bought once; the usual way out, `rank(method="first")`, gives like customers unlike scores by row order. Here edges come from value → count: equal values always share a score, and a score may not occur.

# %%
columns = {"recency_days": True, "orders": False, "net_amount": False}  # column: small is good
edges = {column: rows.edges(column, bins, reverse=small) for column, small in columns.items()}
pd.DataFrame({column: one.edges for column, one in edges.items()}).rename_axis("edge of score").sort_index()

# %% [markdown] tags=["zh"]
# **读法。** 值不大于某档的分界即得该档的分；R 反过来计分（越近分越高）。缺少的一档不是错误，而是许多客户并列的结果。下个月用同一组分界，分数才可比。

# %% [markdown] tags=["en"]
# **Reading.** A value at or below an edge gets that score; R is turned round, so recent is high. A missing score is no fault, it is many customers with the same value. Next month's scores compare only if these same edges are used.

# %%
own = segment_tables.own(data)  # [segments] of dataset.toml: a map, schemes
plan = value.load_map(segment_map or own.map)
found = value.cuts(customers, edges, cut=cut, business=value.business(business_cuts), shares=tuple(abc), tier_rule=tier_rule, plan=plan, schemes=own.schemes)
scored = value.rfm(customers, edges=edges)
labels = value.labels(customers, found, as_of=date.fromisoformat(as_of))
labels.groupby("scheme")["label"].agg(customers="size", labels="nunique")

# %% [markdown] tags=["zh"]
# ## 十一个有名字的客户群
# 名称来自可编辑的分群表；检查程序已证明它覆盖每一格、互不重叠、没有到不了的名称，且分数更好从不掉到更差的群。区间由重抽客户得出。

# %% [markdown] tags=["en"]
# ## Eleven named segments
# The names come from an editable map; the linter has proved that it covers every cell, overlaps nowhere, reaches every name, and never ranks a better score lower. Intervals come from drawing customers again.

# %%
named = labels.loc[labels["scheme"] == "rfm.named", "label"].reset_index(drop=True)
segments = value.segment_table(customers, named, plan=plan, seed=seed, times=resamples)
segments[["segment", "rule", "customers", "customer_share", "amount_share", "median_recency_days", "median_orders", "median_net_amount"]].round(3)

# %%
look = {"lang": lang, "source": data.source_in(lang), "as_of": as_of, "n": len(customers), "simulated": data.simulated}
keep = {"run_dir": run, "sql": rows.queries, "n": len(customers), "as_of": as_of}
best = segments[segments["customers"] > 0].iloc[0]
ax = plots.segment_bars(segments, **look)
size = {"best_customers": percent(best["customer_share"]), "best_amount": percent(best["amount_share"])}
reading = {one: text("reading.segments", one, best=context.named("segment", best["segment"], one), **size) for one in ("zh", "en")}
saved = plots.publish(ax, name="04_segment_bars", frame=segments, title=both(text, "plots.segments.title"), alt=both(plots.alt_segment_bars, segments), reading=reading, **keep)

# %% [markdown] tags=["zh"]
# **读法。** 两条并列的横条一比，就知道哪一群的钱多于人。细线是 95% 区间。条形只描述过去，不说明他们为什么买，也不保证以后还买。

# %% [markdown] tags=["en"]
# **Reading.** Compare the two bars of a segment to see where money outweighs heads; the thin lines are 95 % intervals. The bars describe the past: not why they bought, and no promise that they will.

# %% [markdown] tags=["zh"]
# ## 方格：来得近，买得勤
# 每格写人数占比与中位消费；右上角最好。

# %% [markdown] tags=["en"]
# ## The grid: how recent, how often
# Each cell holds a share of customers and their median spend; the best is top right.

# %%
cells = value.cells(customers, scored)
full = cells.loc[cells["customers"].idxmax()]
ax = plots.rfm_grid(cells, currency=data.currency, bins=bins, **look)
reading = both(text, "reading.rfm_grid", r=int(full["r"]), f=int(full["f"]), customers=integer(full["customers"]))
saved = plots.publish(ax, name="04_rfm_grid", frame=cells, title=both(text, "plots.rfm_grid.title"), alt=both(plots.alt_rfm_grid, cells, currency=data.currency, bins=bins), reading=reading, **keep)

# %% [markdown] tags=["zh"]
# **读法。** 颜色深的格子人多。右下角是久未光顾的常客——花过钱、正在走；一格里的人仍各不相同，挑人请看名单。

# %% [markdown] tags=["en"]
# **Reading.** Dark cells hold many customers. Bottom right are regulars who have stayed away: money once, and leaving. People in one cell still differ, so pick from the list.

# %% [markdown] tags=["zh"]
# ## 分布：为什么不用均值分界
# 教程常用均值把 R、F、M 分成高低。消费数据往往严重右偏，均值由少数大客户决定。

# %% [markdown] tags=["en"]
# ## Distributions: why the mean is no cut
# Tutorials often split R, F and M at the mean. Spending is often very skewed: a few large customers make the mean.

# %%
bought = customers[customers["orders"] > 0]
shown = {}
for name, column in {"recency": "recency_days", "orders": "orders", "amount": "net_amount"}.items():
    bars, values = value.histogram(customers, column), bought[column].astype("float64")
    if bars.empty:  # nobody is above zero: there is nothing to draw
        continue
    unit = data.currency if column == "net_amount" else None
    center = {"mean": values.mean(), "median": values.median()}
    ax = plots.distribution(bars, column=column, edges=list(edges[column].edges.values()), currency=unit, **center, **look)
    words = {key: money(one, unit, 2) if unit else number(one, 2 if key == "mean" else 0) for key, one in center.items()}
    reading = both(text, f"reading.{name}", once=percent((bought["orders"] == 1).mean()), **words)
    alt = both(plots.alt_distribution, bars, column=column, currency=unit, **center)
    shown[name] = plots.publish(ax, name=f"04_{name}", frame=bars, title=both(text, f"plots.distribution.{column}"), alt=alt, reading=reading, **keep)

# %% [markdown] tags=["zh"]
# **读法。** 均值线离中位线越远，分布越偏，以均值分界就越不合适。八类客户因此默认以中位数分界；若公司有业务分界，用 `cut="business"`。

# %% [markdown] tags=["en"]
# **Reading.** The further a mean stands from its median, the more skewed the values and the worse a cut it makes. The eight classes are therefore cut at the median; where the company has business limits, use `cut="business"`.

# %% [markdown] tags=["zh"]
# ## 集中度：ABC、洛伦兹、基尼
# 越过分界线的那位客户归入更好的一类；金额相同的人在一起；净额不大于零的归 C。资料里说 A/B/C 占 70/20/10，指的是金额——人数要另算。

# %% [markdown] tags=["en"]
# ## Concentration: ABC, Lorenz, Gini
# The customer who crosses a line belongs to the better class; equal amounts stay together; zero or less is C. The seeds' 70/20/10 speaks of money: the head counts are another matter.

# %%
classes = value.abc(customers, edges=found.abc)
abc_table = value.abc_table(customers, classes)
intervals = value.concentration_intervals(customers, shares_=tuple(abc), times=resamples, seed=seed)
key_numbers = findings.numbers(customers, ledger, abc_table, intervals=intervals, currency=data.currency)
abc_table.round(3)

# %%
curve, gini = value.lorenz(customers), value.gini(customers)
ax = plots.lorenz(curve, gini=gini, abc=abc_table, interval=intervals["gini"], **look)
top = abc_table.set_index("class").loc["A"]
reading = both(text, "reading.lorenz", a_share=percent(top["customer_share"]), a_amount=percent(top["amount_share"]), gini=number(gini, 3))
alt = both(plots.alt_lorenz, curve, gini=gini, abc=abc_table, interval=intervals["gini"])
saved = plots.publish(ax, name="04_lorenz", frame=curve, title=both(text, "plots.lorenz.title"), alt=alt, reading=reading, **keep)

# %% [markdown] tags=["zh"]
# **读法。** 曲线离对角线越远越集中；两条竖线之间是 B 类。它说有多集中，不说为什么，也不说 A 类明年还是不是 A 类。

# %% [markdown] tags=["en"]
# **Reading.** The further the curve hangs from the diagonal, the more concentrated; class B lies between the two lines. It says how much, not why, nor whether A will still be A next year.

# %%
curve = value.whale(customers)
if curve["amount_share"].notna().all():  # shares of a total that is not above zero mean nothing
    ax = plots.whale_curve(curve, **look)
    eighty = curve.loc[(curve["amount_share"] >= 0.8).idxmax(), "customer_share"]
    below = key_numbers["not_above_zero"]["value"]
    tail = {one: text("reading.whale_below", one, n=integer(below)) if below else text("reading.whale_none", one) for one in ("zh", "en")}
    reading = {one: text("reading.whale", one, share=percent(eighty), below=tail[one]) for one in ("zh", "en")}
    alt = both(plots.alt_whale_curve, curve)
    saved = plots.publish(ax, name="04_whale", frame=curve, title=both(text, "plots.whale.title"), alt=alt, reading=reading, **keep)

# %% [markdown] tags=["zh"]
# **读法。** 曲线在哪里到达 80%，名单就先排到哪里。没有成本数据，这里是收入鲸鱼曲线，不是利润曲线。

# %% [markdown] tags=["en"]
# **Reading.** Where the curve reaches 80 % is where a first list may end. Without costs this is a whale curve of revenue, not of profit.

# %% [markdown] tags=["zh"]
# ## 为什么在这里，怎样往上走
# 每位客户都带着依据：三个原始值、三个分数、命中的规则，以及最小的一步改变。稳定度＝重抽 200 次后仍在同一群的比例。

# %% [markdown] tags=["en"]
# ## Why here, and what would move her up
# Every customer carries the evidence: three raw values, three scores, the rule that was hit, and the smallest step that would change it. Stability is the share of resamples that put her in the same segment.

# %%
stability = value.confidence(customers, named, plan=plan, bins=bins, times=resamples, seed=seed)
labels.loc[labels["scheme"] == "rfm.named", "confidence"] = stability.to_numpy()
pd.DataFrame(labels[labels["scheme"] == "rfm.named"].head(3)["evidence"].map(json.loads).tolist())

# %% [markdown] tags=["zh"]
# **读法。** 稳定度低的客户站在分界线旁：换一批同样的客户，她可能属于邻群。对她用两群都说得通的做法。

# %% [markdown] tags=["en"]
# **Reading.** Customers of low stability stand beside an edge: with another draw of like customers they would be neighbours. Treat them in a way that suits both.

# %% [markdown] tags=["zh"]
# ## 交给报告
# 表、分界与关键数字写入运行文件夹；后面的笔记本和报告只读文件，不读变量。

# %% [markdown] tags=["en"]
# ## Hand over to the report
# Tables, thresholds and key numbers go into the run folder; later notebooks and the report read files, never variables.

# %%
frames = {"customers": customers, "labels": labels, "segments": segments, "abc": abc_table, "ledger": ledger}
for name, frame in frames.items():
    frame.to_parquet(run / "tables" / f"{name}.parquet", index=False)
chosen = {"as_of": as_of, "window_days": window_days}
tables.write_json(run / "tables" / "edges.json", segment_tables.thresholds(data, chosen, found))
rows.write_queries(run / "sql")

# %%
said = findings.conclusions(key_numbers, segments, customers, named, currency=data.currency, seed=seed, times=resamples)
noted = findings.warnings(customers, edges, plan, as_of=as_of, built=built)
missing = [{"row": "E12", **say("skipped.no_cost")}, {"row": "E01", **say("skipped.no_leads")}]
written = write_summary(run, "04_rfm_value", dataset=data.name, as_of=as_of, lang=lang, numbers=key_numbers, conclusions=said, warnings=noted, skipped=missing)
display(Markdown("\n\n".join(sentence(one, lang) for one in said + noted)))

# %% [markdown] tags=["zh"]
# ## 方法卡
# 问题、单位、估计、区间、假设、陷阱、最小样本、基线：每个方法一张。

# %% [markdown] tags=["en"]
# ## Method cards
# Question, unit, estimator, interval, assumptions, trap, smallest n, baseline: one card for each method.

# %%
display(Markdown("\n\n".join(course.method_card(name, lang=lang) for name in ("rfm", "named", "abc", "lorenz", "cn8"))))

# %% [markdown] tags=["zh"]
# ## 练习
# **练习 4.1**（5 分钟）A 类有多少位客户？把答案放进 `answer`。

# %% [markdown] tags=["en"]
# ## Exercises
# **Exercise 4.1** (5 min) How many customers are in class A? Put the answer in `answer`.

# %% tags=["exercise"]
truth = {name: one["value"] for name, one in key_numbers.items()}
truth["a_customers_exclusive"] = int((customers["net_amount"] > found.abc[0]).sum())
answer = int((classes == "A").sum())  ### SOLUTION
course.check("04-e1", answer, truth=truth, lang=lang)

# %% [markdown] tags=["zh"]
# **练习 4.2**（5 分钟）哪些 F 分没有出现？为什么 `qcut` 会在这样的数据上失败？

# %% [markdown] tags=["en"]
# **Exercise 4.2** (5 min) Which F scores do not occur? Why would `qcut` fail on such data?

# %% tags=["exercise"]
truth["missing_f_scores"] = findings.missing_scores(edges["orders"])
answer = sorted(set(range(1, bins + 1)) - set(scored["f"].dropna()))  ### SOLUTION
course.check("04-e2", answer, truth=truth, lang=lang)

# %% [markdown] tags=["zh"]
# **练习 4.3**（10 分钟）若用 `rank(method="first")` 打破并列，把行打乱后，多少比例的 F 分会变？

# %% [markdown] tags=["en"]
# **Exercise 4.3** (10 min) If ties are broken by `rank(method="first")`, what share of F scores changes when the rows are shuffled?

# %% tags=["exercise"]
truth["order_dependent_share"] = value.order_dependent_share(customers, bins=bins, seed=seed)
answer = value.order_dependent_share(customers, bins=bins, seed=seed + 1)  ### SOLUTION
course.check("04-e3", answer, truth=truth, lang=lang)

# %% [markdown] tags=["zh"]
# **练习 4.4**（3 分钟）种子文档写道“R 表示客户活跃度……F 表示客户最近一次消费时间”。错在哪里？

# %% [markdown] tags=["en"]
# **Exercise 4.4** (3 min) The seed document says “R is how active the customer is … F is the time of her last purchase”. What is wrong?

# %%
course.question("04-e4", lang=lang)

# %% tags=["exercise"]
answer = "c"  ### SOLUTION
course.check("04-e4", answer, truth=truth, lang=lang)

# %% [markdown] tags=["zh"]
# **练习 4.5**（5 分钟）资料说 A 类占 70%。按人数，A 类占多少？

# %% [markdown] tags=["en"]
# **Exercise 4.5** (5 min) The seed says class A is 70 %. What share of the customers is it?

# %% tags=["exercise"]
answer = float((classes == "A").mean())  ### SOLUTION
course.check("04-e5", answer, truth=truth, lang=lang)

# %% [markdown] tags=["zh"]
# **存疑。** 首笔记录之前的消费看不到；匿名销售没有主人；RFM 只是描述，能否预测要到后面的时间窗里检验。**下一步**：05 问谁正在离开，06 问有没有自然的群。

# %% [markdown] tags=["en"]
# **Doubt.** Spending before the first record is unseen; anonymous sales have no owner; RFM describes, and whether it predicts is for a later window to show. **Next:** 05 asks who is leaving, 06 whether natural groups exist.
