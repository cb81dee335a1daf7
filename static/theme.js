// Light or dark before the first paint. The shell decides this too, but only once Alpine has
// started, and hides the page until then: in the dark one would see a white flash at every click.
"use strict";

(() => {
    const page = document.documentElement;

    function stored() {
        try {
            return JSON.parse(localStorage.getItem("_x_adminTheme")) || "auto";
        } catch {
            return "auto"; // no storage, or something else in it
        }
    }

    const asked = stored();
    const dark = asked === "dark"
        || (asked === "auto" && matchMedia("(prefers-color-scheme: dark)").matches);
    page.classList.toggle("dark", dark);
    page.removeAttribute("x-cloak");
    // What opens and closes (a dialog, a menu) stays shut until Alpine knows which is open.
    page.dataset.starting = "yes";
    document.addEventListener("alpine:initialized", () => { delete page.dataset.starting; });
    // Alpine takes away only what it has set itself: it begins from nothing, in the same task.
    document.addEventListener("alpine:init", () => page.classList.remove("dark"));
})();
