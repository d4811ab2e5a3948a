/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fetch() for pages of a guarded site that stay open longer than a session lasts:
 *
 *     <script src="/sign-on-again.js" data-saml="/saml"></script>
 *
 *     const reply = await samlFetch("/api/orders", { method: "POST", body: order });
 *     const left = await samlSession();        // null, or what "me" says: left.idle_expires_in, left.absolute_expires_in, in seconds
 *     await samlSession({ renew: true });      // somebody is there: the idle time begins anew
 *
 * A call that meets no session, or needs a stronger sign-on, is repeated after a sign-on in a window of its own; however many calls fail
 * together, there is one window. Whoever gives up gets the 401 as the reply. Where somebody else has signed on meanwhile, or nobody can
 * tell, nothing is repeated: this call and all further ones fail with an error named "SamlOtherUser", for the page shows what is the
 * first one's, and should be loaded anew. (What is sent while there is a session is sent as whoever it is of: where that matters, let
 * the page say in the call whom it shows.)
 *
 * data-saml   SAMLPath, as browsers have it; "/saml" unless told otherwise
 * data-text, data-text-again, data-sign-in, data-cancel   the words of the dialog; the second where the session goes on
 */
(function () {
    "use strict";
    var told = (document.currentScript && document.currentScript.dataset) || {};
    var path = (told.saml || "/saml").replace(/\/$/, "");
    var channel = "BroadcastChannel" in window ? new BroadcastChannel("saml-signed-on") : null;
    var underWay = null, isOthers = false;
    var owner;          // a promise: of whom the page is; "" nobody's yet, null where nobody can tell

    function ask(query) {
        return fetch(path + "/me" + query, { headers: { Accept: "application/json" }, cache: "no-store" });
    }

    function session(options) {
        return ask(options && options.renew ? "?renew=1" : "")
            .then(function (reply) { return reply.ok ? reply.json() : null; }, function () { return null; });
    }

    /* A name that stays the same: transient ones do not, and are no names. */
    function nameOf(me) {
        var object = me.claims["http://schemas.microsoft.com/identity/claims/objectidentifier"];

        if (object)
            return "object " + object[0];
        if (!/:transient$/.test(me.nameid_format))
            return me.nameid;
        return me.user !== me.nameid ? me.user : null;
    }

    async function whose() {
        try {
            var reply = await ask("");
            return reply.status === 401 ? "" : nameOf(await reply.json());
        } catch (e) {
            return null;
        }
    }

    /* Where to sign on and why, if that is what the reply says: this site's reply, this application's login. */
    async function loginOf(reply) {
        if (reply.status !== 401 || !/^application\/json/.test(reply.headers.get("Content-Type")))
            return null;
        try {
            var said = await reply.clone().json(), url = new URL(said.login_url);
            var isOurs = new URL(reply.url).origin === location.origin && url.origin === location.origin && url.pathname === path + "/login";

            return isOurs ? { url: url.href + "&popup=1", reason: said.reason } : null;
        } catch (e) {
            return null;
        }
    }

    /*
     * The page at which the sign-on ends tells of it, with the path of its application. An older browser asks now and then, and so does
     * one that may have missed it; but where there is a session all the while, that says nothing.
     */
    function signedOn(stop, reason) {
        return new Promise(function (resolve) {
            function done() { resolve(true); }
            function hear(e) { if (e.data === path) done(); }
            var timer = reason === "no session"
                && setInterval(function () { session().then(function (now) { if (now) done(); }); }, channel ? 5000 : 1000);

            if (channel)
                channel.addEventListener("message", hear);
            stop.then(function () {
                clearInterval(timer);
                if (channel)
                    channel.removeEventListener("message", hear);
                resolve(false);
            });
        });
    }

    function button(text, act) {
        var it = document.createElement("button");

        it.type = "button";
        it.textContent = text;
        it.style.margin = "1em 1em 0 0";
        it.addEventListener("click", act);
        return it;
    }

    /* The dialog stays beside the window: browsers open one by themselves only soon after a click, and nobody can tell that it was closed. */
    function inWindow(login) {
        var box = document.createElement("dialog"), text = document.createElement("div"), giveUp;
        var stop = new Promise(function (resolve) { giveUp = resolve; });
        function open() { window.open(login.url, "saml-sign-on", "popup,width=520,height=680"); }

        text.textContent = login.reason === "no session" ? told.text || "Your session has ended. Sign in again to go on."
            : told.textAgain || "This needs a stronger sign-in. Sign in again to go on.";
        box.append(text, button(told.signIn || "Sign in", open), button(told.cancel || "Cancel", giveUp));
        box.addEventListener("cancel", giveUp);
        document.body.appendChild(box);
        box.showModal();
        open();
        return signedOn(stop, login.reason).finally(function () { giveUp(); box.remove(); });
    }

    function refuse() {
        isOthers = true;
        throw Object.assign(new Error("somebody else may have signed on; load the page anew"), { name: "SamlOtherUser" });
    }

    async function signOn(login) {
        if (!await inWindow(login))
            return false;
        var before = await owner, now = await whose();

        if (before === null || now === null || (before && now && now !== before))
            refuse();
        owner = Promise.resolve(before || now);
        return now !== "";
    }

    window.samlSession = session;
    window.samlFetch = async function (input, init) {
        var request = new Request(input, init), reasons = {};

        for (;;) {
            if (isOthers)
                refuse();
            var reply = await fetch(request.clone()), login = await loginOf(reply);

            if (!login && reply.status !== 401)
                owner = owner.then(function (name) { return name || whose(); });
            if (!login || reasons[login.reason])
                return reply;
            reasons[login.reason] = true;
            underWay = underWay || signOn(login).finally(function () { underWay = null; });
            if (!await underWay)
                return reply;
        }
    };
    owner = whose();
}());
