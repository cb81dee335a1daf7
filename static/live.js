// What keeps parts of a page up to date, on every page. A part needs no script of its own:
//   data-live         its [data-part] elements are replaced when they have changed; with the value
//                     "now" they are asked for at once, else after data-every
//   data-url          where its fragment is; the page's own query goes along. The fragment's root has
//                     the id of the part's first element, and may say data-title, the page's title,
//                     and data-active="no", after which nothing is asked for any more
//   data-every="5"    seconds between two questions; 5 where it is not said
//   data-hidden="15"  seconds while the tab is hidden; without it nothing is asked until it is shown
//   data-part="…"     in the page and in the fragment alike: what belongs together
// A script with more to do (a log, by line numbers) uses live.follow() and live.fetchFragment().
//
// A page that is not up to date says "Not live" and why, where one sees it however far down one is;
// <html data-live="no"> then stops what counts by itself, such as a duration.
"use strict";

const live = (() => {
    const TIMEOUT = 20000; // milliseconds, as all times here
    const LONGEST = 30000; // between two questions while the server is away
    const LATE = 1000; // a tab that is shown again says that it is old, if that is not over by then
    const SHARE = 5; // a server that takes long is left alone for so many times as long
    // Tokens of forms differ in each answer, and say nothing.
    const TOKENS = /name="(csrfmiddlewaretoken|key)" value="[^"]*"/g;
    const LOGGED_OUT = ["Your session has ended.", "Log in again"];
    const ENDINGS = {
        401: LOGGED_OUT,
        403: ["You no longer have permission to view this.", "Reload the page"],
        404: ["This no longer exists.", "Reload the page"],
    };

    // The server is not there, or broken: it may well answer the next time.
    class Away extends Error {}

    // Asking again does not help before somebody has followed the link.
    class Ended extends Error {
        constructor([words, link]) {
            super(words);
            this.link = link;
        }
    }

    // --- Asking ----------------------------------------------------------------------------------

    // Throws Ended or Away; `options` as fetch() has them.
    async function fetchText(url, options = {}) {
        const signal = AbortSignal.any([AbortSignal.timeout(TIMEOUT), options.signal].filter(Boolean));
        let answer, text;
        try {
            answer = await fetch(url, { credentials: "same-origin", redirect: "manual", ...options, signal });
            text = await answer.text();
        } catch (error) {
            if (options.signal?.aborted) throw error; // by whoever asked
            throw new Away("Connection lost");
        }
        // Pages redirect to the log-in.
        if (answer.type === "opaqueredirect") throw new Ended(LOGGED_OUT);
        if (answer.status in ENDINGS) throw new Ended(ENDINGS[answer.status]);
        if (!answer.ok) throw new Away(`The server answered with an error (${answer.status})`);
        return text;
    }

    // The element of the answer that the selector finds.
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

    const troubled = new Set(); // what is not up to date, by its way to say so

    function sayLive(say, words, link) {
        troubled[words ? "add" : "delete"](say);
        document.documentElement.dataset.live = troubled.size ? "no" : "yes";
        say(words && `Not live. ${words}`, link);
    }

    // Calls `ask` again and again, never twice at a time, until it answers false; at once when the
    // tab is shown again or the network is back, and so also after somebody has logged in elsewhere.
    //   ask     fetches and shows; throws what fetchFragment throws
    //   say     is told what is wrong, as sayIn() does it, and "" when all is well
    //   every   milliseconds between two questions, or a function that answers them
    //   hidden  as many while the tab is hidden; without it nothing is asked then
    //   first   before the first question, if not `every`
    //   share   0: ask as often, however long answers take
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
            if (!(error instanceof Away)) reportError(error); // a fault of the page's own
            misses += 1;
            const wait = Math.min(LONGEST, Math.max(pause(), 1000) * 2 ** misses);
            const words = error instanceof Away ? error.message : "This page has a fault";
            tell(`${words}; retrying in ${Math.round(wait / 1000)} s.`);
            return wait;
        }

        // Answers how long to wait now.
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

    // Says what is wrong in an element with role="status"; the link leads to this page, and so to
    // the log-in and back.
    function sayIn(element) {
        return (words, link = "") => {
            if (element.textContent === [words, link].join(link && " ")) return;
            element.textContent = words;
            if (!link) return;
            const way = { href: location.pathname + location.search, textContent: link };
            const className = "io-link io-underlined";
            const anchor = Object.assign(document.createElement("a"), { ...way, className });
            if (link === LOGGED_OUT[1]) anchor.dataset.logIn = ""; // unsent.js keeps what is typed
            element.append(" ", anchor);
        };
    }

    // --- What somebody looks at stays ------------------------------------------------------------

    function selectorOf(element) {
        for (const name of ["id", "href", "name", "aria-label"]) {
            const value = element.getAttribute(name);
            if (value) return `${element.localName}[${name}="${CSS.escape(value)}"]`;
        }
        return [element.localName, ...[...element.classList].map((name) => CSS.escape(name))].join(".");
    }

    // A function that finds the same element again: below the same id, one that is like it, and of
    // several alike the one at its place.
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

    // Answers a function that gives what has replaced the content of `root` its focus, how far it was
    // scrolled (what scrolls has a tabindex, for the keyboard too) and its opened <details>.
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

    const served = new WeakMap(); // what the server sent of an element: pages change it afterwards
    const note = (part) => served.set(part, part.innerHTML.replace(TOKENS, ""));
    const partsOf = (box) => [...box.querySelectorAll("[data-part]")];

    const isTypedIn = (part) => part.contains(document.activeElement)
        && document.activeElement.matches("input, select, textarea");

    function replace(part, fresh) {
        const restore = rememberPlace(part);
        part.replaceWith(fresh);
        restore(fresh);
    }

    // Answers whether all is shown now: what somebody types into stays until they are through.
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

    // A function that says what is wrong above the element, and stays in sight.
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

    return { announcer, fetchFragment, fetchJson, follow, rememberPlace, sayIn };
})();
