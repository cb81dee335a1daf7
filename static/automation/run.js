// A run's table: a cell shows its full description on hover or focus.
"use strict";

(() => {
    const box = document.getElementById("run");

    function explain(event) {
        const cell = event.target.closest?.(".io-matrix td");
        const link = cell?.querySelector("a");
        if (!link || link.title) return;
        const heads = cell.closest("table").tHead.rows;
        const task = heads[heads.length - 1].cells[cell.cellIndex].title;
        const host = cell.parentElement.cells[0].querySelector(".io-host").lastElementChild.textContent;
        link.title = `${host} · ${task} · ${link.textContent.trim()}`;
    }

    box.addEventListener("pointerover", explain);
    box.addEventListener("focusin", explain);
})();
