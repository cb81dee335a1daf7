// Sets light or dark before the first paint. Unfold does this too, but only after Alpine has started,
// and hides the page until then: in dark mode every click would flash white.
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
    // Dialogs and menus stay closed until Alpine knows which are open.
    page.dataset.starting = "yes";
    document.addEventListener("alpine:initialized", () => { delete page.dataset.starting; });
    // Alpine removes only what it has set itself, so it starts from nothing, in the same task.
    document.addEventListener("alpine:init", () => page.classList.remove("dark"));
})();
