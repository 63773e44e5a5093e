// The life of a user, led through a client that was generated from Gotify's description of its API.
//
// Arguments: the generated module, the server's address, the major version of the description.
// Prints {chapter: what went wrong, or null}, and leaves out nobody: each chapter begins from nothing.

import assert from "node:assert/strict";

const [module, url, version] = process.argv.slice(2);
const { Api } = await import(module);
const three = version === "3";

function as(headers) {
    return new Api({ baseUrl: url, securityWorker: () => ({ headers }) });
}
const holding = (token) => as({ "X-Gotify-Key": token });
const bearing = (token) => as({ Authorization: `Bearer ${token}` });
const named = (name, password) => as({ Authorization: `Basic ${btoa(`${name}:${password}`)}` });

const nobody = new Api({ baseUrl: url });
const admin = named("admin", "admin");

// The generated client throws the whole answer.
async function refused(request, status, description) {
    const answer = await request.then(() => assert.fail("it was not refused"), (thrown) => thrown);
    const error = answer.error ?? (await answer.json());
    assert.deepEqual([answer.status, error.errorCode], [status, status]);
    assert.equal(typeof error.error, "string");
    if (description) assert.equal(error.errorDescription, description);
}

async function client(name) {
    return (await admin.client.createClient({ name })).data;
}

async function application(owner, name) {
    return (await owner.application.createApp({ name })).data;
}

const find = (list, id) => list.find((each) => each.id === id);

async function looksAround() {
    const { data: about } = await nobody.version.getVersion();
    assert.deepEqual(["string", "string", "string"], [about.version, about.commit, about.buildDate].map((x) => typeof x));
    assert.equal(about.version.split(".")[0], version);
    assert.deepEqual((await nobody.health.getHealth()).data, { health: "green", database: "green" });
    if (three) {
        const { data: info } = await nobody.gotifyinfo.getInfo();
        assert.deepEqual(info, { version: about.version, register: false, oidc: false });
    }
    await refused(nobody.message.getMessages(), 401);
}

async function signsIn() {
    const { data: me } = await admin.current.currentUser();
    assert.deepEqual([me.name, me.admin], ["admin", true]);
    await refused(named("admin", "wrong").current.currentUser(), 401);
    const phone = await client("signs in");
    for (const way of [holding, bearing]) {
        const { data: again } = await way(phone.token).current.currentUser();
        assert.equal(again.id, me.id);
        if (three) assert.equal(again.clientId, phone.id);
    }
    await refused(admin.client.createClient({ name: "" }), 400, "Field 'name' is required");
}

async function sends() {
    const owner = holding((await client("sends")).token);
    const { data: app } = await owner.application.createApp({ name: "Sender", description: "d", defaultPriority: 4 });
    assert.deepEqual([app.name, app.description, app.defaultPriority, app.internal], ["Sender", "d", 4, false]);
    assert.equal(app.lastUsed, null);
    const sender = holding(app.token);
    const extras = { "client::display": { contentType: "text/markdown" }, "home::door": { open: true, count: 3 } };
    const { data: first } = await sender.message.createMessage({ message: "**one**", title: "T", priority: -1, extras });
    assert.deepEqual([first.appid, first.message, first.title, first.priority], [app.id, "**one**", "T", -1]);
    assert.deepEqual(first.extras, extras);
    assert.ok(Math.abs(new Date(first.date) - Date.now()) < 60_000);
    const { data: second } = await sender.message.createMessage({ message: "two" });
    assert.deepEqual([second.title, second.priority], ["Sender", 4]);
    assert.ok(second.id > first.id);
    assert.ok(!("extras" in second));
    if (three) {
        const { data: third } = await owner.message.createMessage({ message: "three", appid: app.id, priority: 0 });
        assert.deepEqual([third.appid, third.priority], [app.id, 0]);
        await refused(owner.message.createMessage({ message: "m", appid: 4711 }), 400, "appid not found");
    }
    await refused(sender.message.createMessage({ title: "no text" }), 400, "Field 'message' is required");
    await refused(sender.message.getMessages(), 401);
    const { data: list } = await owner.application.getAppMessages(app.id);
    assert.deepEqual(list.messages.slice(-2), [second, first]);
}

async function reads() {
    const owner = holding((await client("reads")).token);
    const [one, other] = [await application(owner, "One"), await application(owner, "Other")];
    const ids = [];
    for (let number = 0; number < 7; number++) {
        const { data: sent } = await holding(number % 2 ? other.token : one.token).message.createMessage({ message: `${number}` });
        ids.unshift(sent.id);
    }
    const seen = [];
    let since = 0;
    do {
        const { data: page } = await owner.message.getMessages({ limit: 3, since });
        assert.deepEqual([page.paging.limit, page.paging.size], [3, page.messages.length]);
        assert.equal("next" in page.paging, page.paging.since > 0);
        seen.push(...page.messages.map((message) => message.id));
        if (page.paging.next) {
            const next = new URL(page.paging.next, url);
            assert.equal(page.paging.next.startsWith("http"), !three);
            assert.equal(next.search, `?limit=3&since=${page.paging.since}`);
        }
        since = page.paging.since;
    } while (since);
    assert.deepEqual(seen.slice(0, 7), ids);
    const { data: page } = await owner.application.getAppMessages(other.id, { limit: 2 });
    assert.deepEqual(page.messages.map((message) => message.message), ["5", "3"]);
    await refused(owner.message.getMessages({ limit: 201 }), 400, "Field 'limit' must be less or equal to 200");
    await refused(owner.message.getMessages({ limit: 0 }), 400, "Field 'limit' must be more or equal to 1");
    await refused(owner.application.getAppMessages(4711), 404, "application does not exist");

    await owner.message.deleteMessage(ids[0]);
    await refused(owner.message.deleteMessage(ids[0]), 404, "message does not exist");
    await owner.application.deleteAppMessages(other.id);
    assert.deepEqual((await owner.application.getAppMessages(other.id)).data.messages, []);
    assert.equal((await owner.application.getAppMessages(one.id)).data.messages.length, 3);
    await owner.message.deleteMessages();
    assert.deepEqual((await owner.message.getMessages()).data, { paging: { size: 0, since: 0, limit: 100 }, messages: [] });
}

async function keepsApplications() {
    const owner = holding((await client("keeps applications")).token);
    const app = await application(owner, "Bell");
    const { data: other } = await owner.application.createApp({ name: "Gong", sortKey: "a0A" });
    assert.equal(other.sortKey, "a0A");
    await refused(owner.application.createApp({ name: "Gong", sortKey: "a0A" }), 400, "sort key is not unique");
    const { data: changed } = await owner.application.updateApplication(app.id, { name: "Chime", defaultPriority: 8 });
    assert.deepEqual([changed.id, changed.name, changed.description, changed.defaultPriority], [app.id, "Chime", "", 8]);
    const { data: list } = await owner.application.getApps();
    assert.deepEqual({ ...find(list, app.id), token: 0 }, { ...changed, token: 0 });
    const order = list.map((each) => each.sortKey);
    assert.deepEqual(order, [...order].sort());
    assert.equal((await holding(app.token).message.createMessage({ message: "m" })).data.priority, 8);
    await refused(owner.application.updateApplication(4711, { name: "x" }), 404, "app with id 4711 doesn't exists");
    await refused(owner.application.updateApplication(app.id, { description: "x" }), 400, "Field 'name' is required");
    if (three) await refused(owner.application.deleteApp(app.id), 403);
    await (three ? admin : owner).application.deleteApp(app.id);
    await refused(holding(app.token).message.createMessage({ message: "m" }), 401);
    assert.equal(find((await owner.application.getApps()).data, app.id), undefined);
    await refused(owner.application.getAppMessages(app.id), 404, "application does not exist");
}

const PICTURE = Buffer.from(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==", "base64");

async function givesPictures() {
    const owner = holding((await client("gives pictures")).token);
    const app = await application(owner, "Picture");
    assert.equal(app.image, "static/defaultapp.png");
    const picture = new File([PICTURE], "bell.PNG", { type: "image/png" });
    const { data: shown } = await owner.application.uploadAppImage(app.id, { file: picture });
    assert.match(shown.image, /^image\/[^/]+\.png$/i);
    for (const image of [app.image, shown.image]) {
        const answer = await fetch(`${url}/${image}`);
        assert.deepEqual([answer.status, answer.headers.get("content-type")], [200, "image/png"]);
        assert.ok((await answer.arrayBuffer()).byteLength > 0);
    }
    const text = new File(["no picture"], "bell.png", { type: "image/png" });
    await refused(owner.application.uploadAppImage(app.id, { file: text }), 400, "file must be an image");
    const page = new File([PICTURE], "bell.html", { type: "image/png" });
    await refused(owner.application.uploadAppImage(app.id, { file: page }), 400, "invalid file extension");
    const back = await (await owner.application.removeAppImage(app.id)).json();
    assert.equal(back.image, "static/defaultapp.png");
    assert.equal((await fetch(`${url}/${shown.image}`)).status, 404);
    const again = `app with id ${app.id} does not have a customized image`;
    await refused(owner.application.removeAppImage(app.id), 400, again);
}

async function renewsTokens() {
    if (!three) return;
    const owner = holding((await client("renews tokens")).token);
    const app = await application(owner, "Leaky");
    await refused(owner.application.updateAppSecurity(app.id, { regenerateToken: true }), 403);
    assert.deepEqual((await admin.application.updateAppSecurity(app.id, { regenerateToken: false })).data, {});
    const { data: renewed } = await admin.application.updateAppSecurity(app.id, { regenerateToken: true });
    assert.notEqual(renewed.regenerateToken.token, app.token);
    await refused(holding(app.token).message.createMessage({ message: "m" }), 401);
    await holding(renewed.regenerateToken.token).message.createMessage({ message: "m" });
}

async function keepsClients() {
    const phone = await client("phone");
    const tablet = await client("tablet");
    const owner = holding(phone.token);
    const { data: list } = await owner.client.getClients();
    assert.deepEqual([find(list, phone.id).name, find(list, tablet.id).name], ["phone", "tablet"]);
    const { data: renamed } = await owner.client.updateClient(tablet.id, { name: "slate" });
    assert.deepEqual([renamed.id, renamed.name], [tablet.id, "slate"]);
    await refused(owner.client.updateClient(4711, { name: "x" }), 404, "client with id 4711 doesn't exists");
    if (three) {
        const { data: passing } = await owner.client.createClient({ name: "guest", expiresAfterInactivitySeconds: 60 });
        assert.equal(passing.expiresAfterInactivitySeconds, 60);
        assert.equal(new Date(passing.expiresAt) - new Date(passing.createdAt), 60_000);
        await refused(owner.client.deleteClient(tablet.id), 403);
        await refused(owner.client.elevateClient(phone.id, { durationSeconds: 60 }), 403);
        assert.equal((await admin.client.elevateClient(phone.id, { durationSeconds: 60 })).status, 204);
        assert.ok(new Date((await owner.current.currentUser()).data.elevatedUntil) > new Date());
    }
    await owner.client.deleteClient(tablet.id);
    await refused(holding(tablet.token).message.getMessages(), 401);
    assert.equal(find((await owner.client.getClients()).data, tablet.id), undefined);
    if (three) {
        await owner.client.elevateClient(phone.id, { durationSeconds: -1 });
        const watch = await client("watch");
        await refused(owner.client.deleteClient(watch.id), 403);
        await admin.client.deleteClient(watch.id);
    }
    await owner.client.deleteClient(phone.id); // itself it may always: so old apps sign out
    await refused(owner.current.currentUser(), 401);
}

async function keepsUsers() {
    const { data: eve } = await admin.user.createUser({ name: "eve", pass: "secret", admin: false });
    assert.deepEqual([eve.name, eve.admin], ["eve", false]);
    await refused(admin.user.createUser({ name: "eve", pass: "x", admin: false }), 400, "username already exists");
    await refused(nobody.user.createUser({ name: "mallory", pass: "x", admin: true }), 401);
    const her = named("eve", "secret");
    await refused(her.user.getUsers(), 403, "you are not allowed to access this api");
    await refused(her.user.getUser(eve.id), 403);
    const app = await application(her, "Hers");
    await refused(admin.application.getAppMessages(app.id), 404, "application does not exist");
    await her.current.updateCurrentUser({ pass: "other" });
    await refused(her.current.currentUser(), 401);
    assert.equal((await named("eve", "other").current.currentUser()).data.id, eve.id);
    assert.equal(find((await admin.user.getUsers()).data, eve.id).name, "eve");
    const { data: raised } = await admin.user.updateUser(eve.id, { name: "eva", admin: true });
    assert.deepEqual([raised.id, raised.name, raised.admin], [eve.id, "eva", true]);
    assert.equal((await named("eva", "other").user.getUser(eve.id)).data.admin, true);
    await admin.user.updateUser(eve.id, { name: "eva", admin: false, pass: "third" });
    await named("eva", "third").current.currentUser();
    const { data: me } = await admin.current.currentUser();
    await refused(admin.user.deleteUser(me.id), 400, "cannot delete last admin");
    await refused(admin.user.updateUser(me.id, { name: "admin", admin: false }), 400, "cannot delete last admin");
    await admin.user.deleteUser(eve.id);
    await refused(admin.user.getUser(eve.id), 404, "user does not exist");
    await refused(holding(app.token).message.createMessage({ message: "m" }), 401);
}

async function opensASession() {
    if (!three) return;
    const entering = as({ Authorization: `Basic ${btoa("admin:admin")}` });
    const answer = await entering.auth.localLogin({ name: "browser" });
    assert.equal(answer.data.name, "admin");
    assert.ok(!("token" in answer.data));
    const cookie = answer.headers.get("set-cookie");
    assert.match(cookie, /^gotify-client-token=[^;]+; /);
    for (const part of ["Path=/", "HttpOnly", "SameSite=Strict", "Max-Age=2592000"]) assert.match(cookie, new RegExp(part, "i"));
    const browser = as({ Cookie: cookie.split(";")[0] });
    const { data: me } = await browser.current.currentUser();
    assert.ok(new Date(me.elevatedUntil) > new Date());
    assert.equal(find((await browser.client.getClients()).data, me.clientId).name, "browser");
    await refused(admin.auth.logout(), 403);
    const left = await browser.auth.logout();
    assert.match(left.headers.get("set-cookie"), /^gotify-client-token=; .*Max-Age=0/i);
    await refused(browser.current.currentUser(), 401);
    await refused(nobody.auth.localLogin({ name: "x" }), 401);
    assert.equal(find((await admin.client.getClients()).data, me.clientId), undefined);
}

async function hasNoPlugins() {
    assert.deepEqual((await admin.plugin.getPlugins()).data, []);
    await refused(admin.plugin.getPluginConfig(1), 404);
}

const CHAPTERS = [
    looksAround, signsIn, sends, reads, keepsApplications, givesPictures, renewsTokens, keepsClients, keepsUsers,
    opensASession, hasNoPlugins,
];

const story = {};
for (const chapter of CHAPTERS) {
    story[chapter.name] = await chapter().then(() => null, async (error) =>
        error instanceof Error ? error.stack : `${error.url}: ${error.status} ${await error.text?.().catch(() => "")}`);
}
console.log(JSON.stringify(story, null, 1));
