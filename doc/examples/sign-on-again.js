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
 * A call that meets no session is repeated, once, after a sign-on in a window of its own; however many calls fail together, there is
 * one window. Whoever gives up gets the 401 as the reply. Where somebody else has signed on meanwhile, nothing is repeated: the call
 * fails with an error named "SamlOtherUser", for the page shows what is the first one's.
 *
 * data-saml   SAMLPath, "/saml" unless told otherwise
 * data-text, data-sign-in, data-cancel   the words of the dialog
 */
(function () {
    "use strict";
    var told = (document.currentScript && document.currentScript.dataset) || {};
    var path = told.saml || "/saml";
    var channel = "BroadcastChannel" in window ? new BroadcastChannel("saml-signed-on") : null;
    var underWay = null;
    var user;

    function session(options) {
        var query = options && options.renew ? "?renew=1" : "";

        return fetch(path + "/me" + query, { headers: { Accept: "application/json" }, cache: "no-store" })
            .then(function (reply) { return reply.ok ? reply.json() : null; }, function () { return null; });
    }

    /* Where to sign on, if that is what the reply says; only ever on this site. */
    async function loginOf(reply) {
        if (reply.status !== 401 || !/^application\/json/.test(reply.headers.get("Content-Type")))
            return null;
        try {
            var url = (await reply.clone().json()).login_url;
            return new URL(url).origin === location.origin ? url + "&popup=1" : null;
        } catch (e) {
            return null;
        }
    }

    /* The page at which the sign-on ends tells of it. An older browser asks now and then. */
    function signedOn(stop) {
        return new Promise(function (resolve) {
            function done() { resolve(true); }
            var timer = setInterval(function () { session().then(function (now) { if (now) done(); }); }, channel ? 5000 : 1000);

            if (channel)
                channel.addEventListener("message", done);
            stop.then(function () {
                clearInterval(timer);
                if (channel)
                    channel.removeEventListener("message", done);
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
    function inWindow(url) {
        var box = document.createElement("dialog"), text = document.createElement("div"), giveUp;
        var stop = new Promise(function (resolve) { giveUp = resolve; });
        function open() { window.open(url, "saml-sign-on", "popup,width=520,height=680"); }

        text.textContent = told.text || "Your session has ended. Sign in again to go on.";
        box.append(text, button(told.signIn || "Sign in", open), button(told.cancel || "Cancel", giveUp));
        box.addEventListener("cancel", giveUp);
        document.body.appendChild(box);
        box.showModal();
        open();
        return signedOn(stop).finally(function () { giveUp(); box.remove(); });
    }

    async function check() {
        var before = await user, now = await session();

        if (before && now && now.nameid !== before.nameid)
            throw Object.assign(new Error("somebody else has signed on"), { name: "SamlOtherUser" });
        return now !== null;
    }

    async function signOn(url) {
        return await inWindow(url) && check();
    }

    window.samlSession = session;
    window.samlFetch = async function (input, init) {
        var request = new Request(input, init), again = request.clone();
        var reply = await fetch(request);
        var url = await loginOf(reply);

        if (!url)
            return reply;
        underWay = underWay || signOn(url).finally(function () { underWay = null; });
        return await underWay ? fetch(again) : reply;
    };
    user = session();
}());
