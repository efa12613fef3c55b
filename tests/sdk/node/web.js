// Signs somebody who was imported in and out with the official web SDK, unmodified, as a page does that may keep no cookies
// of another host: the SDK then keeps the session in the page's storage. The user comes by the Users API.

const assert = require("node:assert/strict");

const kept = new Map();
const localStorage = {
  getItem: (name) => kept.get(name) ?? null,
  setItem: (name, value) => kept.set(name, value),
  removeItem: (name) => kept.delete(name),
};
globalThis.window = { console, localStorage, location: { origin: "http://localhost", hostname: "localhost", href: "http://localhost/" } };
globalThis.localStorage = localStorage;

const { Account, Client } = require("appwrite");
const { APPWRITE_ENDPOINT, APPWRITE_PROJECT_ID, APPWRITE_API_KEY, APPWRITE_VERSION } = process.env;

async function main() {
  const [userId, email, password] = ["imported", "imported@example.org", "Correct-Horse-9"];
  const headers = { "X-Appwrite-Project": APPWRITE_PROJECT_ID, "X-Appwrite-Key": APPWRITE_API_KEY, "Content-Type": "application/json" };
  const { createHash } = require("node:crypto");
  const hash = createHash("md5").update(password).digest("hex");
  const body = JSON.stringify({ userId, email, password: hash });
  const created = await fetch(`${APPWRITE_ENDPOINT}/users/md5`, { method: "POST", headers, body });
  assert.equal(created.status, 201);

  const account = new Account(new Client().setEndpoint(APPWRITE_ENDPOINT).setProject(APPWRITE_PROJECT_ID));
  const refused = (type, promise) => assert.rejects(promise, (error) => error.type === type, type);
  await refused("user_invalid_credentials", account.createEmailPasswordSession({ email, password: "Wrong-Horse-9" }));
  const session = await account.createEmailPasswordSession({ email, password });
  assert.equal(session.userId, userId);
  assert.equal((await account.get()).$id, userId);
  assert.equal((await account.listSessions()).total, 1);
  assert.ok((await account.createJWT()).jwt);
  await account.updatePassword({ password: "Other-Horse-10", oldPassword: password });
  await account.deleteSession({ sessionId: "current" });
  await refused("general_unauthorized_scope", account.get());
  console.log(`appwrite (web), server ${APPWRITE_VERSION}: an imported user signs in and out`);
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
