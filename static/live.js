// Keeps parts of a page up to date, on every page. Such a part needs no script of its own:
//   data-live         its [data-part] elements are replaced when they have changed; with the value
//                     "now" it polls at once, otherwise after data-every
//   data-url          the URL of its fragment; the page's own query is added. The fragment's root has
//                     the id of the part's first element, and may have data-title, the page's title,
//                     and data-active="no", which stops polling
//   data-every="5"    seconds between two polls; the default is 5
//   data-hidden="15"  the same while the tab is hidden; without it, polling pauses until it is shown
//   data-part="…"     pairs elements of the page with those of the fragment
// Scripts with more to do (a log, by line numbers) use live.follow() and live.fetchFragment().
//
// A page that is not up to date says "Not live" and why, visible however far down the user has
// scrolled; <html data-live="no"> then stops what runs by itself, such as a duration.
"use strict";

const live = (() => {
    const TIMEOUT = 20000; // milliseconds, like all times here
    const LONGEST = 30000; // between two polls while the server cannot be reached
    const LATE = 1000; // a tab that is shown again says that it is outdated unless that is over by then
    const SHARE = 5; // a slow server is left alone for this many times as long as it took
    // Form tokens differ in each response, and mean nothing.
    const TOKENS = /name="(csrfmiddlewaretoken|key)" value="[^"]*"/g;
    const LOG_IN = "Log in again"; // text of the link that leads back here, keeping what was typed
    const LOGGED_OUT = ["Your session has ended.", LOG_IN];
    const ENDINGS = {
        401: LOGGED_OUT,
        403: ["You no longer have permission to view this.", "Reload the page"],
        404: ["This no longer exists.", "Reload the page"],
    };

    // The server cannot be reached, or is broken: it may well answer next time.
    class Away extends Error {}

    // Polling is pointless until somebody has followed the link.
    class Ended extends Error {
        constructor([words, link]) {
            super(words);
            this.link = link;
        }
    }

    // --- Requests --------------------------------------------------------------------------------

    // Live parts alone do not keep a session from ending as idle: requests say whether somebody has
    // used the mouse or the keyboard since the last one.
    let isUsed = false;
    for (const each of ["pointerdown", "keydown", "wheel"]) {
        addEventListener(each, () => { isUsed = true; }, { capture: true, passive: true });
    }

    function headersOf(options) {
        const headers = new Headers(options.headers);
        if (isUsed) headers.set("X-User-Active", "yes");
        isUsed = false;
        return headers;
    }

    // Throws Ended or Away; takes fetch()'s `options`.
    async function fetchText(url, options = {}) {
        const signal = AbortSignal.any([AbortSignal.timeout(TIMEOUT), options.signal].filter(Boolean));
        let answer, text;
        try {
            const sent = { credentials: "same-origin", redirect: "manual", ...options, headers: headersOf(options), signal };
            answer = await fetch(url, sent);
            text = await answer.text();
        } catch (error) {
            if (options.signal?.aborted) throw error; // aborted by the caller
            throw new Away("Connection lost");
        }
        // Pages redirect to the login.
        if (answer.type === "opaqueredirect") throw new Ended(LOGGED_OUT);
        if (answer.status in ENDINGS) throw new Ended(ENDINGS[answer.status]);
        if (!answer.ok) throw new Away(`The console answered with an error (${answer.status})`);
        return text;
    }

    // The element of the response that matches the selector.
    async function fetchFragment(url, selector, options) {
        const text = await fetchText(url, options);
        const fragment = new DOMParser().parseFromString(text, "text/html").querySelector(selector);
        if (!fragment) throw new Away("The answer was incomplete");
        return fragment;
    }

    async function fetchJson(url, options) {
        const text = await fetchText(url, options);
        try {
            return JSON.parse(text);
        } catch {
            throw new Away("The answer was incomplete");
        }
    }

    const troubled = new Set(); // what is not up to date, by its `say` function

    function sayLive(say, words, link) {
        troubled[words ? "add" : "delete"](say);
        document.documentElement.dataset.live = troubled.size ? "no" : "yes";
        say(words && `Not live. ${words}`, link);
    }

    // Calls `ask` repeatedly, never twice at a time, until it returns false; at once when the tab is
    // shown again or the network is back, and so also after a login in another tab.
    //   ask     fetches and shows; throws what fetchFragment throws
    //   say     is told what is wrong, like sayIn(), and "" when all is well
    //   every   milliseconds between two polls, or a function that returns them
    //   hidden  the same while the tab is hidden; without it, polling pauses
    //   first   before the first poll, if not `every`
    //   share   0: poll as often, however long responses take
    function follow({ ask, say, every, hidden = Infinity, first, share = SHARE }) {
        const pause = typeof every === "function" ? every : () => every;
        let misses = 0;
        let timer = 0;
        let asking = false;
        let over = false;
        let answeredAt = performance.now();
        let late = 0;

        function tell(words, link) {
            clearTimeout(late);
            sayLive(say, words, link);
        }

        function explain(error) {
            if (error instanceof Ended) {
                tell(error.message, error.link);
                return Infinity;
            }
            if (!(error instanceof Away)) reportError(error); // a bug in the page itself
            misses += 1;
            const wait = Math.min(LONGEST, Math.max(pause(), 1000) * 2 ** misses);
            const words = error instanceof Away ? error.message : "This page has a fault";
            tell(`${words}; retrying in ${Math.round(wait / 1000)} s.`);
            return wait;
        }

        // Returns how long to wait now.
        async function attempt() {
            const began = performance.now();
            try {
                over = await ask() === false;
                misses = 0;
                answeredAt = performance.now();
                tell("");
                return Math.max(pause(), share * (performance.now() - began));
            } catch (error) {
                return explain(error);
            }
        }

        function schedule(wait) {
            const delay = document.hidden ? Math.max(wait, hidden) : wait;
            timer = Number.isFinite(delay) ? setTimeout(turn, delay) : 0;
        }

        async function turn() {
            if (asking || over || (document.hidden && hidden === Infinity)) return;
            clearTimeout(timer);
            asking = true;
            const wait = await attempt();
            asking = false;
            if (!over) schedule(wait);
        }

        function look() {
            if (document.hidden || over) return;
            const isOld = performance.now() - answeredAt > 2 * Math.max(pause(), 1000);
            if (isOld && !troubled.has(say)) late = setTimeout(tell, LATE, "Paused while this tab was hidden; updating…");
            turn();
        }

        document.addEventListener("visibilitychange", look);
        window.addEventListener("online", look);
        schedule(first ?? pause());
    }

    // Shows what is wrong in an element with role="status"; the link leads to this page, and so
    // through the login and back.
    function sayIn(element) {
        return (words, link = "") => {
            if (element.textContent === [words, link].join(link && " ")) return;
            element.textContent = words;
            if (!link) return;
            const way = { href: location.pathname + location.search, textContent: link };
            const className = "io-link io-underlined";
            const anchor = Object.assign(document.createElement("a"), { ...way, className });
            if (link === LOG_IN) anchor.dataset.logIn = ""; // unsent.js keeps what is typed
            element.append(" ", anchor);
        };
    }

    // --- Keeping the user's place ----------------------------------------------------------------

    function selectorOf(element) {
        for (const name of ["id", "href", "name", "aria-label"]) {
            const value = element.getAttribute(name);
            if (value) return `${element.localName}[${name}="${CSS.escape(value)}"]`;
        }
        return [element.localName, ...[...element.classList].map((name) => CSS.escape(name))].join(".");
    }

    // A function that finds the same element again: a similar one below the same id, and of several
    // alike the one at the same position.
    function traceOf(element, root) {
        const scope = element.parentElement.closest("[id]");
        const isInside = scope && scope !== root && root.contains(scope);
        const selector = selectorOf(element);
        const index = [...(isInside ? scope : root).querySelectorAll(selector)].indexOf(element);
        return (fresh) => {
            const place = isInside ? fresh.querySelector(selectorOf(scope)) : fresh;
            return place?.querySelectorAll(selector)[index];
        };
    }

    // Returns a function that restores focus, scroll positions (anything scrollable has a tabindex,
    // for the keyboard too) and opened <details> after the content of `root` was replaced.
    function rememberPlace(root) {
        const trace = (element) => traceOf(element, root);
        const details = [...root.querySelectorAll("details")].map((each) => [trace(each), each.open]);
        const scrolled = [...root.querySelectorAll("[tabindex]")]
            .filter((each) => each.scrollLeft || each.scrollTop)
            .map((each) => [trace(each), each.scrollLeft, each.scrollTop]);
        const active = document.activeElement;
        const focused = active !== root && root.contains(active) && trace(active);
        return (fresh) => {
            for (const [find, open] of details) find(fresh)?.toggleAttribute("open", open);
            for (const [find, left, top] of scrolled) find(fresh)?.scrollTo(left, top);
            if (focused) focused(fresh)?.focus({ preventScroll: true });
        };
    }

    // --- Parts without a script ------------------------------------------------------------------

    const served = new WeakMap(); // what the server sent for an element, as pages change it afterwards
    const note = (part) => served.set(part, part.innerHTML.replace(TOKENS, ""));
    const partsOf = (box) => [...box.querySelectorAll("[data-part]")];

    const isTypedIn = (part) => part.contains(document.activeElement)
        && document.activeElement.matches("input, select, textarea");

    function replace(part, fresh) {
        const restore = rememberPlace(part);
        part.replaceWith(fresh);
        restore(fresh);
    }

    // Returns whether everything is shown now: a field somebody types into stays until they are done.
    function show(box, fragment) {
        let isWhole = true;
        if (fragment.dataset.title) document.title = fragment.dataset.title;
        for (const part of partsOf(box)) {
            const fresh = fragment.querySelector(`[data-part="${CSS.escape(part.dataset.part)}"]`);
            if (!fresh) continue;
            note(fresh);
            if (served.get(fresh) === served.get(part)) continue;
            if (isTypedIn(part)) isWhole = false;
            else replace(part, fresh);
        }
        return isWhole;
    }

    // A function that shows what is wrong above the element, and stays visible.
    function announcer(box) {
        const region = document.createElement("p");
        region.className = "io-live";
        region.setAttribute("role", "status");
        box.before(region);
        return sayIn(region);
    }

    function start(box) {
        const { url, every = 5, hidden } = box.dataset;
        const root = box.firstElementChild;
        if (root.dataset.active === "no") return;
        partsOf(box).forEach(note);
        follow({
            ask: async () => {
                const fragment = await fetchFragment(url + location.search, `#${CSS.escape(root.id)}`);
                return !show(box, fragment) || fragment.dataset.active !== "no";
            },
            say: announcer(box),
            every: Number(every) * 1000,
            hidden: hidden && Number(hidden) * 1000,
            first: box.dataset.live === "now" ? 0 : undefined,
        });
    }

    document.addEventListener("DOMContentLoaded", () => {
        document.querySelectorAll("[data-live]").forEach(start);
    });

    return { LOG_IN, announcer, fetchFragment, fetchJson, follow, rememberPlace, sayIn };
})();
