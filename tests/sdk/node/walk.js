// Walks every method of the Users service of the official SDK for Node.js, unmodified, against the sandbox; then signs
// the users in as an app would. Endpoint, project and key come from the environment, as for any SDK.

const assert = require("node:assert/strict");
const { Account, Client, ID, Query, Users } = require("node-appwrite");

const { APPWRITE_ENDPOINT, APPWRITE_PROJECT_ID, APPWRITE_API_KEY, APPWRITE_VERSION } = process.env;
const client = () => new Client().setEndpoint(APPWRITE_ENDPOINT).setProject(APPWRITE_PROJECT_ID);
const service = new Users(client().setKey(APPWRITE_API_KEY));

// Notes which methods were called.
const called = new Set();
const users = new Proxy(service, {
  get(target, name) {
    called.add(name);
    return target[name].bind(target);
  },
});

const PASSWORD = "Correct-Horse-9";
const HASHES = {
  argon2: "$argon2id$v=19$m=64,t=1,p=1$Y29uZm9ybWFuY2VzYWx0MQ$0cGRwPmGPGJUVAvheK5aXRM5p03DGdchHnY1vIiyBYw",
  bcrypt: "$2y$05$abcdefghijklmnopqrstu.kPs1M2bQKWExLpcc0QixxutQRvXZyZe",
  md5: "bd347294ce11cf3839ca8dc32f59d481",
  phpass: "$P$6c610i/xKfcRiev4bkqTPmVu6nGtxC1",
  scrypt:
    "80441ae005dc0758a60311b1afdc2f7c38730a08ea1ceca0e952157f23c34ea5c08c1cc7c8ec38f666b20348cd0d5904ab2153f572a51e33fa8a5c4565d83cbf",
  scryptModified: "4lf/rPy3dklGjihgqmUw/USdalhG6LoCLOPQik3sYiJtwhLr2FrjK7KSvtNv2q2pIjdgMLRzTknZ6gNQs/ykSw==",
  sha: "98d4a61a21a2d26da7f9dbab7550db6329fa9362226055133e810aeede5f5622",
};
const SIGNER_KEY = "jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==";

const refused = async (type, promise) => assert.rejects(promise, (error) => error.type === type, type);
const mail = (userId) => `${userId}@example.org`;

async function create() {
  const user = (userId, password) => ({ userId, email: mail(userId), password, name: `Walker ${userId}` });
  await users.create({ userId: "plain", email: mail("plain"), phone: "+4915112345678", password: PASSWORD, name: "Plain" });
  await users.createArgon2User(user("argon2", HASHES.argon2));
  await users.createBcryptUser(user("bcrypt", HASHES.bcrypt));
  await users.createMD5User(user("md5", HASHES.md5));
  await users.createPHPassUser(user("phpass", HASHES.phpass));
  await users.createScryptUser({
    ...user("scrypt", HASHES.scrypt),
    passwordSalt: "NaClSalt",
    passwordCpu: 8,
    passwordMemory: 14,
    passwordParallel: 1,
    passwordLength: 64,
  });
  await users.createScryptModifiedUser({
    ...user("scryptmod", HASHES.scryptModified),
    passwordSalt: "42xEC+ixf3L2lw==",
    passwordSaltSeparator: "Bw==",
    passwordSignerKey: SIGNER_KEY,
  });
  await users.createSHAUser({ ...user("sha", HASHES.sha), passwordVersion: "sha256" });
  await refused("user_already_exists", users.createMD5User(user("MD5", HASHES.md5)));
  await refused("general_argument_invalid", users.createMD5User(user("-", HASHES.md5)));
}

async function read() {
  const page = await users.list({ queries: [Query.limit(3), Query.orderDesc("name"), Query.startsWith("name", "walker")] });
  assert.deepEqual([page.total, page.users.length, page.users[0].$id], [7, 3, "sha"]);
  const next = await users.list({ queries: [Query.orderDesc("name"), Query.cursorAfter("sha"), Query.limit(1)] });
  assert.equal(next.users[0].$id, "scryptmod");
  const found = await users.list({ search: "Walker bcr" });
  assert.ok(found.users.some((user) => user.$id === "bcrypt"));
  const md5 = await users.get({ userId: "md5" });
  assert.deepEqual([md5.hash, md5.password, md5.status, md5.targets.length], ["md5", HASHES.md5, true, 1]);
  await refused("user_not_found", users.get({ userId: "nobody" }));
  assert.equal((await users.listMemberships({ userId: "md5" })).total, 0);
  // From 2.0 on no server has the logs that the SDK still asks for.
  const logs = users.listLogs({ userId: "md5" });
  if (APPWRITE_VERSION.startsWith("1.")) assert.equal((await logs).total, 0);
  else await assert.rejects(logs, (error) => error.code === 404);
  assert.equal((await users.listIdentities()).total, 0);
  await refused("user_identity_not_found", users.deleteIdentity({ identityId: "none" }));
}

async function change() {
  const userId = "md5";
  assert.equal((await users.updateName({ userId, name: "Renamed" })).name, "Renamed");
  assert.equal((await users.updateEmail({ userId, email: "New@Example.org" })).email, "new@example.org");
  assert.equal((await users.updatePhone({ userId, number: "+4915187654321" })).phone, "+4915187654321");
  assert.equal((await users.updateEmailVerification({ userId, emailVerification: true })).emailVerification, true);
  assert.equal((await users.updatePhoneVerification({ userId, phoneVerification: true })).phoneVerification, true);
  assert.deepEqual((await users.updateLabels({ userId, labels: ["vip", "vip", "beta"] })).labels, ["vip", "beta"]);
  assert.equal((await users.updateStatus({ userId, status: false })).status, false);
  assert.equal((await users.updateStatus({ userId, status: true })).status, true);
  assert.equal((await users.updateImpersonator({ userId, impersonator: true })).impersonator, true);
  await users.updatePrefs({ userId, prefs: { theme: "dark", list: [1, 2] } });
  assert.deepEqual({ ...(await users.getPrefs({ userId })) }, { theme: "dark", list: [1, 2] });
  assert.equal((await users.updatePassword({ userId, password: PASSWORD })).hash, "argon2");
  await refused("user_target_already_exists", users.updatePhone({ userId, number: "+4915187654321" }));
}

async function sessions() {
  const userId = "sha";
  const session = await users.createSession({ userId });
  assert.ok(session.secret);
  assert.equal((await users.listSessions({ userId })).total, 1);
  const { jwt } = await users.createJWT({ userId, sessionId: "recent", duration: 60 });
  const own = new Account(client().setJWT(jwt));
  assert.equal((await own.get()).$id, userId);
  const token = await users.createToken({ userId, length: 12, expire: 60 });
  assert.equal(token.secret.length, 12);
  await users.deleteSession({ userId, sessionId: session.$id });
  await users.createSession({ userId });
  await users.deleteSessions({ userId });
  assert.equal((await users.listSessions({ userId })).total, 0);
}

async function factors() {
  for (const [userId, MFA] of [["argon2", "MFA"], ["bcrypt", "Mfa"]]) {
    assert.equal((await users[`update${MFA}`]({ userId, mfa: true })).mfa, true);
    await refused("user_recovery_codes_not_found", users[`get${MFA}RecoveryCodes`]({ userId }));
    const { recoveryCodes } = await users[`create${MFA}RecoveryCodes`]({ userId });
    assert.equal(recoveryCodes.length, 6);
    assert.deepEqual((await users[`get${MFA}RecoveryCodes`]({ userId })).recoveryCodes, recoveryCodes);
    assert.notDeepEqual((await users[`update${MFA}RecoveryCodes`]({ userId })).recoveryCodes, recoveryCodes);
    assert.equal((await users[`list${MFA}Factors`]({ userId })).totp, false);
    await refused("user_authenticator_not_found", users[`delete${MFA}Authenticator`]({ userId, type: "totp" }));
    await users[`update${MFA}`]({ userId, mfa: false });
  }
}

async function targets() {
  const userId = "scrypt";
  const target = await users.createTarget({ userId, targetId: ID.unique(), providerType: "push", identifier: "token-1" });
  assert.equal((await users.listTargets({ userId, queries: [Query.equal("providerType", "push")] })).total, 1);
  assert.equal((await users.getTarget({ userId, targetId: target.$id })).identifier, "token-1");
  const changed = await users.updateTarget({ userId, targetId: target.$id, identifier: "token-2", name: "Phone" });
  assert.deepEqual([changed.identifier, changed.name], ["token-2", "Phone"]);
  await users.deleteTarget({ userId, targetId: target.$id });
  assert.equal((await users.listTargets({ userId })).total, 1);
}

async function signIn() {
  for (const userId of ["plain", "argon2", "bcrypt", "phpass", "scrypt", "scryptmod", "sha"]) {
    const account = new Account(client());
    await refused("user_invalid_credentials", account.createEmailPasswordSession({ email: mail(userId), password: "wrong-password" }));
    const session = await account.createEmailPasswordSession({ email: mail(userId), password: PASSWORD });
    assert.equal(session.userId, userId);
    assert.equal((await users.get({ userId })).hash, "argon2");
  }
  await users.updateStatus({ userId: "sha", status: false });
  await refused("user_blocked", new Account(client()).createEmailPasswordSession({ email: mail("sha"), password: PASSWORD }));
  const withKey = new Account(client().setKey(APPWRITE_API_KEY));
  const { secret } = await withKey.createEmailPasswordSession({ email: mail("plain"), password: PASSWORD });
  const own = new Account(client().setSession(secret));
  assert.equal((await own.get()).email, mail("plain"));
}

async function main() {
  await create();
  await read();
  await change();
  await sessions();
  await factors();
  await targets();
  await signIn();
  await users.delete({ userId: "plain" });
  await refused("user_not_found", users.get({ userId: "plain" }));
  const own = Object.getOwnPropertyNames(Users.prototype).filter((name) => name !== "constructor");
  const left = own.filter((name) => !called.has(name));
  assert.deepEqual(left, [], `not walked: ${left.join(", ")}`);
  console.log(`node-appwrite, server ${APPWRITE_VERSION}: ${own.length} methods of Users walked`);
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
