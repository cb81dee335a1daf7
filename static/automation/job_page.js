// Keeps the duration in a job's header, and its progress bar, running while the page is live.
"use strict";

(() => {
    const header = document.getElementById("job-header");

    function inWords(seconds) {
        const minutes = Math.floor(seconds / 60);
        if (minutes < 1) return `${seconds} s`;
        if (minutes < 60) return `${minutes} min ${seconds % 60} s`;
        return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
    }

    function tick() {
        const duration = header.querySelector("[data-since]");
        if (!duration || document.documentElement.dataset.live === "no") return;
        const seconds = Math.max(0, Math.floor(Date.now() / 1000) - Number(duration.dataset.since));
        duration.textContent = inWords(seconds);
        const bar = header.querySelector(".io-progress");
        if (bar) bar.value = seconds;
    }

    setInterval(tick, 1000);
})();
