"use strict";
const rows = document.querySelector("tbody");
const headings = [...document.querySelectorAll("thead th")];
headings.forEach((heading, column) => heading.querySelector("button").addEventListener("click", () => {
  const way = heading.getAttribute("aria-sort") === "ascending" ? "descending" : "ascending";
  headings.forEach((other) => other.setAttribute("aria-sort", other === heading ? way : "none"));
  const keyOf = (row) => row.cells[column].dataset.key;
  const sign = way === "ascending" ? 1 : -1;
  const compare = (one, other) => sign * keyOf(one).localeCompare(keyOf(other), undefined, { numeric: true });
  rows.append(...[...rows.rows].sort(compare));
}));
