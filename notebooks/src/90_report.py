# ---
# jupyter:
#   custlib:
#     reads: ["summary/*", "tables/*"]
#     writes: [summary/90_report.json]
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown] tags=["zh"]
# # 90 定时报告：本月说什么，凭什么？
# **读** 本次运行的 `summary/*.json` 与 `tables/` **写** `summary/90_report.json` **用时** 不到 1 分钟。
#
# **结论**：下面几句话就是报告的第一页；网页与 Excel 由命令行在检查通过后生成。

# %% [markdown] tags=["en"]
# # 90 Report: what do we say this month, and on what grounds?
# **Reads** `summary/*.json` and `tables/` of this run **writes** `summary/90_report.json` **takes** less than a minute.
#
# **Finding:** the sentences below are the report's first page; the command line makes HTML and Excel from them once the gates are passed.

# %% tags=["parameters"]
dataset: str = "pinecone"          # name or path of a dataset.toml
as_of: str = "2025-01-01"          # the snapshot day of the run
lang: str = "bi"                   # zh, en or bi
run_dir: str = "reports/runs/notebooks"  # the run folder: earlier notebooks wrote here

# %%
import pandas as pd
from IPython.display import Markdown, display

from custlib import tables
from custlib.report import collect
from custlib.report.context import sentence
from custlib.report.summary import number, run_folder, write_summary

# %% [markdown] tags=["zh"]
# ## 收拢
# 每本笔记本交来一份摘要。截止日或数据集不同的摘要不会混进来：对不上就停。

# %% [markdown] tags=["en"]
# ## Collect
# Every notebook handed in a summary. Summaries of another day or data set are never mixed in: a mismatch stops here.

# %%
run = run_folder(run_dir)
name = tables.load(dataset).name
summaries = collect.summaries(run, dataset=name, as_of=as_of)
collect.overview(summaries)

# %% [markdown] tags=["zh"]
# ## 先说结论
# 每句话都有数字，数字都有区间；没有区间的是清点出来的，不是估计的。

# %% [markdown] tags=["en"]
# ## Conclusions first
# Every sentence has a number and every estimate its interval; a number without one is counted, not estimated.

# %%
conclusions = [one for summary in summaries for one in summary["conclusions"]]
display(Markdown("\n\n".join(sentence(one, lang) for one in conclusions)))

# %% [markdown] tags=["zh"]
# ## 账目核对
# 读入的行必须等于各条去路之和，差一行也不发布。

# %% [markdown] tags=["en"]
# ## The ledger must add up
# Rows read must equal the sum of every way out; one row off and nothing is published.

# %%
ledger = pd.read_parquet(run / "tables" / "ledger.parquet")
collect.balanced(ledger)
ledger

# %% [markdown] tags=["zh"]
# **读法。** 没有报错就是分毫不差。金额按净额、折前与退货分列；被拒收的行金额未知，记为零。

# %% [markdown] tags=["en"]
# **Reading.** No error means exact. Money stands as gross, returned and net; what rejected rows were worth is unknown and stands as zero.

# %% [markdown] tags=["zh"]
# ## 提醒与跳过
# 报告不隐藏它没做的事。

# %% [markdown] tags=["en"]
# ## Warnings, and what was skipped
# The report does not hide what it left out.

# %%
noted = [one for summary in summaries for one in summary["warnings"] + summary["skipped"]]
display(Markdown("\n\n".join(sentence(one, lang) for one in noted) or "–"))

# %%
steps = number(len(summaries), unit="notebooks", n=len(summaries))
written = write_summary(run, "90_report", dataset=name, as_of=as_of, lang=lang, numbers={"notebooks": steps})

# %% [markdown] tags=["zh"]
# **存疑。** 本报告描述过去；谁会留下、什么有效，要靠 05 与 13。**下一步**：打开命令最后一行给出的网页。

# %% [markdown] tags=["en"]
# **Doubt.** This report describes the past; who will stay, and what works, is for 05 and 13. **Next:** open the page whose path the command prints last.
