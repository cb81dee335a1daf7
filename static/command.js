// The command search: Enter opens the marked result, or else the first one, and waits for it if it is
// still on its way. Unfold's own script takes a row that does not exist, which is an error.
"use strict";

(() => {
    const THEME = "#theme-";

    function choose(link) {
        const theme = link.hash.startsWith(THEME) && link.hash.slice(THEME.length);
        if (theme) window.Alpine.$data(document.documentElement).switchTheme(theme);
        return Boolean(theme);
    }

    document.addEventListener("alpine:init", () => {
        const shell = window.searchCommand;
        window.searchCommand = () => {
            const command = shell();
            return {
                ...command,
                found: "",
                isWanted: false,
                selectItem(addHistory, inNewTab = false) {
                    const typed = this.$refs.searchInputCommand.value.trim();
                    this.isWanted = Boolean(typed) && typed !== this.found;
                    if (!typed || this.isWanted) return;
                    this.currentIndex = Math.max(this.currentIndex, 1);
                    const link = this.items?.[this.currentIndex - 1]?.querySelector("a");
                    if (!link) return;
                    if (choose(link)) this.close();
                    else command.selectItem.call(this, addHistory, inNewTab);
                },
                handleContentLoaded(event) {
                    command.handleContentLoaded.call(this, event);
                    this.found = new URL(event.detail.xhr.responseURL).searchParams.get("s").trim();
                    if (this.isWanted) this.selectItem(false);
                },
                close() {
                    this.$refs.searchInputCommand.value = "";
                    this.handleEscape();
                },
            };
        };
    });

    document.addEventListener("click", (event) => {
        const link = event.target.closest?.(`a[href^="${THEME}"]`);
        if (!link) return;
        event.preventDefault();
        choose(link);
        window.Alpine.$data(document.getElementById("search-input-command")).close();
    });
})();
