"use strict";
(function () {
  function valueOf(row, column) {
    const cell = row.cells[column];
    const marked = cell.getAttribute("data-value");
    return marked === null ? cell.textContent.trim() : Number(marked);
  }

  function isBlank(value) {
    return value === "" || value === "–";
  }

  function compare(left, right, sign) {
    // unknown values stay at the end whichever way the column is sorted
    if (isBlank(left) || isBlank(right)) return Number(isBlank(left)) - Number(isBlank(right));
    if (typeof left === "number" && typeof right === "number") return sign * (left - right);
    return sign * String(left).localeCompare(String(right), document.documentElement.lang, { numeric: true });
  }

  function sortBy(table, column) {
    const heads = Array.from(table.tHead.rows[0].cells);
    const head = heads[column];
    const first = head.classList.contains("number") ? "descending" : "ascending";
    const other = first === "ascending" ? "descending" : "ascending";
    const order = head.getAttribute("aria-sort") === first ? other : first;
    heads.forEach(function (one) { one.setAttribute("aria-sort", one === head ? order : "none"); });
    const sign = order === "ascending" ? 1 : -1;
    const body = table.tBodies[0];
    const rows = Array.from(body.rows);
    rows.sort(function (one, two) { return compare(valueOf(one, column), valueOf(two, column), sign); });
    body.append.apply(body, rows);
  }

  function filterRows(grid, wanted) {
    const words = wanted.toLowerCase().split(/\s+/).filter(Boolean);
    const rows = Array.from(grid.querySelector("tbody").rows);
    let shown = 0;
    rows.forEach(function (row) {
      const said = row.textContent.toLowerCase();
      row.hidden = !words.every(function (word) { return said.includes(word); });
      shown += row.hidden ? 0 : 1;
    });
    const count = grid.querySelector("output");
    count.textContent = count.dataset.words.replace(/\{shown\}/g, shown).replace(/\{all\}/g, rows.length);
  }

  document.querySelectorAll(".grid").forEach(function (grid) {
    const table = grid.querySelector("table");
    grid.querySelectorAll("th > button").forEach(function (button) {
      button.addEventListener("click", function () { sortBy(table, button.parentElement.cellIndex); });
    });
    const box = grid.querySelector("input[type=search]");
    if (box === null) return;
    grid.querySelector(".tools").hidden = false;
    box.addEventListener("input", function () { filterRows(grid, box.value); });
    filterRows(grid, box.value);
  });

  // paper has no "open": the method cards are printed whole, the SQL is not printed
  const cards = Array.from(document.querySelectorAll("details.card"));
  let closed = [];
  window.addEventListener("beforeprint", function () {
    closed = cards.filter(function (card) { return !card.open; });
    closed.forEach(function (card) { card.open = true; });
  });
  window.addEventListener("afterprint", function () {
    closed.forEach(function (card) { card.open = false; });
  });
})();
