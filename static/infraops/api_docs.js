// Swagger's page is dark where the console is: its own class follows ours, set by theme.js.
"use strict";

document.documentElement.classList.toggle(
    "dark-mode", document.documentElement.classList.contains("dark"));
