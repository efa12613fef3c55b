// Signs people in through a bridge with the official SDKs for the web and for Node.js, unmodified, behind a real proxy, while
// the bridge is killed and started again under them. Their hashes are Django's, which Appwrite cannot verify.

const assert = require("node:assert/strict");
const { spawn } = require("node:child_process");

const kept = new Map();
const localStorage = {
  getItem: (name) => kept.get(name) ?? null,
  setItem: (name, value) => kept.set(name, value),
  removeItem: (name) => kept.delete(name),
};
// It warns on each sign-in that the session is kept in the page's storage.
globalThis.window = { console: { ...console, warn() {} }, localStorage, location: { origin: "http://localhost", hostname: "localhost", href: "http://localhost/" } };
globalThis.localStorage = localStorage;

const web = require("appwrite");
const server = require("node-appwrite");
const { FRONT, PROXY, BRIDGE_PORT, UPSTREAM, REHOME, STORE, BRIDGE_KEY_FILE } = process.env;
const { APPWRITE_PROJECT_ID, APPWRITE_API_KEY, FIRST, USERS } = process.env;

const password = "Correct-Horse-9";
const address = (n) => `person${n}@example.org`;

async function start() {
  const args = ["bridge", "serve", "--store", STORE, "--bridge-key-file", BRIDGE_KEY_FILE, "--listen", `127.0.0.1:${BRIDGE_PORT}`];
  args.push("--upstream", UPSTREAM, "--trusted-proxy", "127.0.0.1", "--floor", "0", "--format", "json");
  const bridge = spawn(REHOME, args, { stdio: ["ignore", "pipe", "inherit"] });
  await new Promise((resolve, reject) => {
    bridge.stdout.once("data", resolve);
    bridge.once("exit", () => reject(new Error("the bridge ended")));
  });
  return bridge;
}

function kill(bridge) {
  const gone = new Promise((resolve) => bridge.once("exit", resolve));
  bridge.kill("SIGKILL");
  return gone;
}

const rest = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// Until the proxy has noticed that the bridge is there, sign-ins go straight to Appwrite, which refuses them.
async function eventually(signIn) {
  for (const began = Date.now(); ; await rest(250)) {
    try {
      return await signIn();
    } catch (error) {
      if (Date.now() - began > 60_000) throw error;
    }
  }
}

// A page without a session, and a server of the app's own, which signs people in with a key.
async function signInOnPage(n, word = password) {
  kept.clear();
  const account = new web.Account(new web.Client().setEndpoint(FRONT).setProject(APPWRITE_PROJECT_ID));
  const session = await account.createEmailPasswordSession({ email: address(n), password: word });
  assert.equal((await account.get()).email, address(n));
  await account.deleteSession({ sessionId: "current" });
  return session;
}

async function signInOnServer(n, word = password) {
  const client = new server.Client().setEndpoint(FRONT).setProject(APPWRITE_PROJECT_ID).setKey(APPWRITE_API_KEY);
  const session = await new server.Account(client).createEmailPasswordSession({ email: address(n), password: word });
  const own = new server.Client().setEndpoint(FRONT).setProject(APPWRITE_PROJECT_ID).setSession(session.secret);
  assert.equal((await new server.Account(own).get()).email, address(n));
  return session;
}

const refused = (promise) => assert.rejects(promise, (error) => error.type === "user_invalid_credentials");

async function main() {
  let [next, last] = [Number(FIRST), Number(FIRST) + Number(USERS)];
  let bridge = await start();
  const known = [];
  for (const signIn of [signInOnPage, signInOnServer]) {
    const n = next++;
    await eventually(() => signIn(n));
    await signIn(n);
    await refused(signIn(n, "Wrong-Horse-9"));
    known.push(n);
  }

  // Killed at any moment of a first sign-in: what is said is true, or nothing is said, and the next try gets in.
  let [cut, through] = [0, 0];
  while (next < last) {
    const n = next++;
    const signIn = n % 2 ? signInOnPage : signInOnServer;
    const trying = signIn(n).then(() => (through += 1), () => (cut += 1));
    await rest((n * 7) % 60);
    await kill(bridge);
    await trying;
    bridge = await start();
    await eventually(() => signIn(n));
    known.push(n);
  }

  // While there is no bridge: whoever has come before signs in at Appwrite, past the moment in which the proxy notices.
  await kill(bridge);
  const began = Date.now();
  let lastFailure = 0;
  for (let i = 0; Date.now() - began < lastFailure + 2000; i += 1) {
    const n = known[i % known.length];
    try {
      await (i % 2 ? signInOnPage(n) : signInOnServer(n));
    } catch (error) {
      lastFailure = Date.now() - began;
      assert.ok(!(error.code >= 400 && error.code < 500), `${error.code} ${error.message}`);
      assert.ok(lastFailure < 60_000, "the proxy never noticed");
    }
  }
  bridge = await start();
  for (const n of known) await signInOnPage(n);
  await kill(bridge);
  console.log(
    `${PROXY}: ${known.length} people signed in with both SDKs; of ${cut + through} first sign-ins ${cut} were cut by a kill and ` +
      `let in afterwards; without a bridge those who had come before signed in ${lastFailure ? `after ${lastFailure} ms` : "without one failed request"}`,
  );
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
