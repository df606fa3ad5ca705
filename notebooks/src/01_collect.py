# ---
# jupyter:
#   custlib:
#     reads: [data/build]
#     writes: [summary/01_collect.json, tables/quality_rules.parquet, tables/quality_parts.parquet]
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown] tags=["zh"]
# # 01 数据收集：我们有什么数据，从哪里来，能用吗？
# **读** 任何文件 ＋ `dataset.toml` **写** 规范表、拒收清单、`summary/01_collect.json` **用时** 1 分钟。
#
# **结论**：每一行都有去处，每一列都有来历，好坏有分数；分数背后的权重与规则都印在这里。

# %% [markdown] tags=["en"]
# # 01 Collect: what data do we have, from where, and may we rely on them?
# **Reads** any files + `dataset.toml` **writes** canonical tables, the list of rejects, `summary/01_collect.json` **takes** 1 minute.
#
# **Finding:** every row has gone somewhere, every column has an origin, and quality has a score whose weights and rules are printed here.

# %% tags=["parameters"]
dataset: str = "pinecone"          # name or path of a dataset.toml
as_of: str = "2025-01-01"          # rows on or after this day do not exist for the run; never today()
lang: str = "bi"                   # zh, en or bi
run_dir: str = "reports/runs/notebooks"  # the run folder

# %%
import tempfile
from pathlib import Path

import pandas as pd
from IPython.display import Markdown, display

from custlib import course, plots, tables
from custlib.i18n import integer, number, percent, text
from custlib.plots import both
from custlib.report import arrivals
from custlib.report.context import sentence
from custlib.report.summary import run_folder, write_summary
from custlib.tables import quality

pd.options.display.max_colwidth = None  # rules are sentences

# %% [markdown] tags=["zh"]
# ## 来了什么
# 一行一个文件：种类、编码、分隔符、表头所在行、读入与保留的行数。编码若是推断的，这里会写明。

# %% [markdown] tags=["en"]
# ## What came
# One row per file: kind, encoding, delimiter, row of the header, rows read and kept. An encoding that is a guess is called one.

# %%
data = tables.load(dataset)
built = tables.build(data)
run = run_folder(run_dir)
came = quality.sources(built, lang=lang)
came.set_index(came.columns[0]).T

# %% [markdown] tags=["zh"]
# **读法。** “新出现的列”是映射之后才出现的：程序不猜它的含义，只报告。没有用到的列不进规范表，但仍在原文件里。

# %% [markdown] tags=["en"]
# **Reading.** New columns appeared after the mapping was made: their meaning is never guessed, only reported. Columns that are not used stay in the file and out of the canonical tables.

# %% [markdown] tags=["zh"]
# ## 变成了什么
# 左边是规范表的列，右边是它在源文件里的名字。映射写在 `dataset.toml` 里，错了就改那里；`tables init` 会起草一份。

# %% [markdown] tags=["en"]
# ## What it became
# On the left the canonical column, on the right its name in the source. The mapping stands in `dataset.toml`: that is the place to correct it, and `tables init` drafts one.

# %%
arrivals.mapping(data, lang=lang)

# %% [markdown] tags=["zh"]
# **读法。** 后面所有笔记本只认左边的名字。“=”后面是常数，“#”是行号。

# %% [markdown] tags=["en"]
# **Reading.** Every later notebook knows the names on the left only. “=” is a constant, “#” a row number.

# %% [markdown] tags=["zh"]
# ## 从哪些渠道来
# 资料列出的收集方式逐一核对：有表就可用，没有就写明缺什么，不报错。

# %% [markdown] tags=["en"]
# ## By which channels
# Each way of collecting that the texts name is checked: with a table it is available, without one the missing table is named, and nothing fails.

# %%
arrivals.channels(data, lang=lang)

# %%
arrivals.by_channel(built, lang=lang)

# %% [markdown] tags=["zh"]
# **读法。** 订单没有写明渠道时，线上线下分不开；渠道占比说的是订单，不是人：同一个人可以走几个渠道。

# %% [markdown] tags=["en"]
# **Reading.** Where orders name no channel, online and offline cannot be told apart. Shares are of orders, not of people: one person may use several channels.

# %% [markdown] tags=["zh"]
# ## 拒收了什么
# 拒收的行带着文件名、行号、列名与规则；原值只留在数据集的 `build` 文件夹里，个人信息列的值不进本次运行。

# %% [markdown] tags=["en"]
# ## What was rejected
# A rejected row carries file, row, column and rule. Its values stay in the data set's `build` folder; those of personal columns never enter this run.

# %%
rejects = pd.read_parquet(built.folder / "rejects.parquet")
rejects.groupby(["file", "table", "rule", "column"], as_index=False).size() if len(rejects) else Markdown(text("reading.no_rejects", lang))

# %% [markdown] tags=["zh"]
# **读法。** 先改行数最多的一条规则；超过 `max_reject_share` 时整次运行停下，不会用残缺的数据出报告。

# %% [markdown] tags=["en"]
# **Reading.** Mend the rule with the most rows first. Beyond `max_reject_share` the whole run stops: no report is made of what is left.

# %% [markdown] tags=["zh"]
# ## 质量分：由六个部分按权重相加
# 每个部分是它各条规则通过率的乘积；级别为“提示”的规则不计分；查不了的部分不占权重。

# %% [markdown] tags=["en"]
# ## The quality score: six parts by weight
# A part is the product of the shares that pass its rules; rules of level “info” do not count; a part that could not be checked has no weight.

# %%
found = built.facts["quality"]
parts = pd.DataFrame(found["parts"])
look = {"lang": lang, "source": data.source_in(lang), "as_of": as_of, "n": built.facts["rows_in"], "simulated": data.simulated}
keep = {"run_dir": run, "sql": [], "n": built.facts["rows_in"], "as_of": as_of}
ax = plots.quality_parts(parts, **look)

# %%
known = parts[parts["score"].notna()].sort_values(["score", "part"])
reading = {one: text("reading.quality", one, score=number(found["score"], 1), part=text(f"quality.part.{known.iloc[0]['part']}", one), value=number(known.iloc[0]["score"], 1)) for one in ("zh", "en")} if len(known) else None
saved = plots.publish(ax, name="01_quality_parts", frame=parts, title=both(text, "plots.quality_parts.title"), alt=both(plots.alt_quality_parts, parts), reading=reading, **keep)
quality.parts(built, lang=lang)

# %% [markdown] tags=["zh"]
# **读法。** 先修最短的一条。分数是清点，不是估计；权重是判断，可在 `[quality] weights` 里改，改了会印出来。

# %% [markdown] tags=["en"]
# **Reading.** Mend the shortest bar first. The score is counted, not estimated; the weights are a judgement, may be changed under `[quality] weights`, and are printed as they are.

# %% [markdown] tags=["zh"]
# ## 每条规则查到了什么
# 级别：错误＝行已拒收；警告＝保留但要知道；提示＝只供参考；停止＝超过限度就不许运行。下表只列有所发现或查不了的；其余都查过，没有发现。

# %% [markdown] tags=["en"]
# ## What each rule found
# Levels: error = the row was rejected; warning = kept, but be aware; info = for the reader only; stop = beyond its limit nothing runs. Listed are rules that found something or could not look; the others looked and found nothing.

# %%
quality.rules(built, lang=lang, found=True)

# %% [markdown] tags=["zh"]
# **读法。** 从上往下看：最重的在前。“查过”为零的规则没有结论，不等于通过。

# %% [markdown] tags=["en"]
# **Reading.** From the top: the gravest first. A rule that checked nothing has found nothing; that is not a pass.

# %% [markdown] tags=["zh"]
# ## 哪些列是空的
# 空白的占比，按列从高到低。

# %% [markdown] tags=["en"]
# ## Which columns are empty
# The share of blanks, the emptiest column first.

# %%
blanks = pd.DataFrame(found["columns"])
ax = plots.missing_by_column(blanks, **look)
top = blanks.sort_values(["blank_share", "table", "column"], ascending=[False, True, True]).iloc[0]
reading = {one: text("reading.missing", one, column=f"{top['table']}.{top['column']}", share=percent(top["blank_share"])) for one in ("zh", "en")}
saved = plots.publish(ax, name="01_missing", frame=blanks, title=both(text, "plots.missing.title"), alt=both(plots.alt_missing_by_column, blanks), reading=reading, **keep)

# %% [markdown] tags=["zh"]
# **读法。** 空白不是零。缺失是否随机，02 会检验；按渠道缺失的列，比较渠道时要小心。

# %% [markdown] tags=["en"]
# **Reading.** A blank is no zero. Whether blanks are random is tested in 02; a column that is empty in one channel makes comparing channels unsafe.

# %% [markdown] tags=["zh"]
# ## 时间上有没有断档
# 每天的订单数；七天以上没有一单的地方涂灰。

# %% [markdown] tags=["en"]
# ## Are there gaps in time
# Orders per day; stretches of more than seven days without one are shaded.

# %%
days = quality.days(built)
if len(days):
    ax = plots.rows_per_day(days, **look)
    peak = days.sort_values(["orders", "day"], ascending=[False, True]).iloc[0]
    reading = both(text, "reading.days", median=number(days["orders"].median(), 0), most=integer(peak["orders"]), day=str(peak["day"]))
    saved = plots.publish(ax, name="01_days", frame=days, title=both(text, "plots.per_day.title"), alt=both(plots.alt_rows_per_day, days), reading=reading, **keep)

# %% [markdown] tags=["zh"]
# **读法。** 断档可能是休业，也可能是漏了一个文件；首尾两个月往往不完整，不要拿来和整月比较。

# %% [markdown] tags=["en"]
# **Reading.** A gap may be a closing day or a missing file; the first and last month are seldom whole, so never compare them with whole months.

# %% [markdown] tags=["zh"]
# ## 写回去：SPSS、SAS、Excel
# 把一张规范表的前一千行写成四种格式再读回来，逐格比较：值与变量标签都不许变。

# %% [markdown] tags=["en"]
# ## Writing back: SPSS, SAS, Excel
# The first thousand rows of one canonical table are written in four formats and read again, cell by cell: neither values nor labels may change.

# %%
sizes = {name: one["rows"] for name, one in blanks.groupby("table").first().iterrows()}
smallest = min((name for name in data.tables if sizes.get(name)), key=lambda name: (sizes[name], name))
with tempfile.TemporaryDirectory() as folder:
    trip = arrivals.round_trip(built, smallest, Path(folder), lang=lang if lang != "bi" else "zh")
trip

# %% [markdown] tags=["zh"]
# **读法。** `differences` 全为零，才可以放心地把数据交给用别的软件的同事，再拿回来。个人信息列默认不写出。

# %% [markdown] tags=["en"]
# **Reading.** Only where `differences` is zero throughout may data go to a colleague with other software and come back. Personal columns are not written unless asked for.

# %% [markdown] tags=["zh"]
# ## 交给报告
# 关键数字、警告与跳过的清单行写入运行文件夹。

# %% [markdown] tags=["en"]
# ## Hand over to the report
# Key numbers, warnings and the inventory rows that were skipped go into the run folder.

# %%
for name, rows in (("quality_rules", found["rules"]), ("quality_parts", found["parts"])):
    pd.json_normalize(rows, max_level=0).astype({"detail": str} if name == "quality_rules" else {}).to_parquet(run / "tables" / f"{name}.parquet", index=False)
said, noted = arrivals.conclusions(built), arrivals.warnings(built)
written = write_summary(run, "01_collect", dataset=data.name, as_of=as_of, lang=lang, numbers=arrivals.numbers(built), conclusions=said, warnings=noted, skipped=arrivals.skipped(data))
display(Markdown("\n\n".join(sentence(one, lang) for one in said + noted)))

# %% [markdown] tags=["zh"]
# ## 方法卡

# %% [markdown] tags=["en"]
# ## Method card

# %%
display(Markdown(course.method_card("quality", lang=lang)))

# %% [markdown] tags=["zh"]
# ## 练习
# **练习 1.1**（3 分钟）有多少行被拒收？

# %% [markdown] tags=["en"]
# ## Exercises
# **Exercise 1.1** (3 min) How many rows were rejected?

# %% tags=["exercise"]
truth = {name: built.facts[name] for name in ("rejected", "kept")}
answer = built.facts["rows_in"] - built.facts["kept"]  ### SOLUTION
course.check("01-e1", answer, truth=truth, lang=lang)

# %% [markdown] tags=["zh"]
# **练习 1.2**（3 分钟）这几个字节是哪种编码？

# %% [markdown] tags=["en"]
# **Exercise 1.2** (3 min) Which encoding do these bytes have?

# %%
course.question("01-e2", lang=lang)

# %% tags=["exercise"]
answer = ["gb18030"]  ### SOLUTION
course.check("01-e2", answer, truth=truth, lang=lang)

# %% [markdown] tags=["zh"]
# **练习 1.3**（5 分钟）把表写成 `.sav` 再读回来，有几个单元格不同？

# %% [markdown] tags=["en"]
# **Exercise 1.3** (5 min) Write the table as `.sav` and read it again: how many cells differ?

# %% tags=["exercise"]
truth["differences"] = 0
answer = int(trip.set_index("format").loc[".sav", "differences"])  ### SOLUTION
course.check("01-e3", answer, truth=truth, lang=lang)

# %% [markdown] tags=["zh"]
# **存疑。** 高分不等于准确：格式对、不空白的数也可能是错的。数据从何处、凭什么理由收集，要到 03 的同意与用途里查。**下一步**：02 问这些记录背后有几个人。

# %% [markdown] tags=["en"]
# **Doubt.** A high score is not accuracy: a number may be filled in, well formed and wrong. On what grounds the data were collected is for consent and purpose in 03. **Next:** 02 asks how many people stand behind these records.
