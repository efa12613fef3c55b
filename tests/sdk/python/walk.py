"""Walks every method of the Users service of the official SDK for Python, unmodified, against the sandbox.

Endpoint, project and key come from the environment, as for any SDK."""

import inspect
import os

from appwrite.client import Client
from appwrite.exception import AppwriteException
from appwrite.id import ID
from appwrite.query import Query
from appwrite.services.account import Account
from appwrite.services.users import Users

# Methods whose endpoints came after 1.9.6.
LATER = {"list_passkeys", "get_passkey", "update_passkey", "delete_passkey", "get_mfa_challenge"}

PASSWORD = "Correct-Horse-9"
ARGON2 = "$argon2id$v=19$m=64,t=1,p=1$Y29uZm9ybWFuY2VzYWx0MQ$0cGRwPmGPGJUVAvheK5aXRM5p03DGdchHnY1vIiyBYw"
BCRYPT = "$2y$05$abcdefghijklmnopqrstu.kPs1M2bQKWExLpcc0QixxutQRvXZyZe"
MD5 = "bd347294ce11cf3839ca8dc32f59d481"
PHPASS = "$P$6c610i/xKfcRiev4bkqTPmVu6nGtxC1"
SCRYPT = (
    "80441ae005dc0758a60311b1afdc2f7c38730a08ea1ceca0e952157f23c34ea5"
    "c08c1cc7c8ec38f666b20348cd0d5904ab2153f572a51e33fa8a5c4565d83cbf"
)
SCRYPT_MODIFIED = "4lf/rPy3dklGjihgqmUw/USdalhG6LoCLOPQik3sYiJtwhLr2FrjK7KSvtNv2q2pIjdgMLRzTknZ6gNQs/ykSw=="
SIGNER_KEY = "jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA=="
SHA256 = "98d4a61a21a2d26da7f9dbab7550db6329fa9362226055133e810aeede5f5622"


def client():
    return Client().set_endpoint(os.environ["APPWRITE_ENDPOINT"]).set_project(os.environ["APPWRITE_PROJECT_ID"])


class Noted:
    """A service that notes which of its methods were called."""

    def __init__(self, service):
        self.service, self.called = service, set()

    def __getattr__(self, name):
        self.called.add(name)
        return getattr(self.service, name)


users = Noted(Users(client().set_key(os.environ["APPWRITE_API_KEY"])))


def refused(kind, call, *args, **options):
    try:
        call(*args, **options)
    except AppwriteException as error:
        assert error.type == kind, f"{error.type} instead of {kind}"
    else:
        raise AssertionError(f"not refused: {kind}")


def mail(user):
    return f"{user}@example.org"


def plain(document):
    """A document as JSON has it."""
    return document.to_dict() if hasattr(document, "to_dict") else document


def walk_creates():
    users.create("plain", mail("plain"), "+4915112345678", PASSWORD, "Plain")
    users.create_argon2_user("argon2", mail("argon2"), ARGON2, "Walker")
    users.create_bcrypt_user("bcrypt", mail("bcrypt"), BCRYPT, "Walker")
    users.create_md5_user("md5", mail("md5"), MD5, "Walker")
    users.create_ph_pass_user("phpass", mail("phpass"), PHPASS, "Walker")
    users.create_scrypt_user("scrypt", mail("scrypt"), SCRYPT, "NaClSalt", 8, 14, 1, 64, "Walker")
    users.create_scrypt_modified_user(
        "scryptmod", mail("scryptmod"), SCRYPT_MODIFIED, "42xEC+ixf3L2lw==", "Bw==", SIGNER_KEY, "Walker"
    )
    users.create_sha_user("sha", mail("sha"), SHA256, "sha256", "Walker")
    refused("user_already_exists", users.create_md5_user, "MD5", mail("other"), MD5)


def walk_reads():
    page = plain(users.list([Query.limit(3), Query.equal("name", ["walker"])]))
    assert (page["total"], len(page["users"])) == (7, 3), page
    assert plain(users.list(search="Plain"))["total"] == 1
    assert plain(users.get("md5"))["password"] == MD5
    refused("user_not_found", users.get, "nobody")
    assert plain(users.list_memberships("md5"))["total"] == 0
    assert plain(users.list_identities())["total"] == 0
    refused("user_identity_not_found", users.delete_identity, "none")


def walk_changes():
    assert plain(users.update_name("md5", "Renamed"))["name"] == "Renamed"
    assert plain(users.update_email("md5", "New@Example.org"))["email"] == "new@example.org"
    assert plain(users.update_phone("md5", "+4915187654321"))["phone"] == "+4915187654321"
    assert plain(users.update_email_verification("md5", True))["emailVerification"] is True
    assert plain(users.update_phone_verification("md5", True))["phoneVerification"] is True
    assert plain(users.update_labels("md5", ["vip", "vip", "beta"]))["labels"] == ["vip", "beta"]
    assert plain(users.update_status("md5", False))["status"] is False
    assert plain(users.update_impersonator("md5", True))["impersonator"] is True
    users.update_prefs("md5", {"theme": "dark"})
    prefs = plain(users.get_prefs("md5"))
    assert prefs.get("data", prefs) == {"theme": "dark"}, prefs
    assert plain(users.update_password("md5", PASSWORD))["hash"] == "argon2"


def walk_sessions():
    session = plain(users.create_session("sha"))
    assert session["secret"]
    assert plain(users.list_sessions("sha"))["total"] == 1
    jwt = plain(users.create_jwt("sha", "recent", 60))["jwt"]
    assert plain(Account(client().set_jwt(jwt)).get())["$id"] == "sha"
    assert len(plain(users.create_token("sha", 12, 60))["secret"]) == 12
    users.delete_session("sha", session["$id"])
    users.create_session("sha")
    users.delete_sessions("sha")
    assert plain(users.list_sessions("sha"))["total"] == 0


def walk_factors():
    assert plain(users.update_mfa("argon2", True))["mfa"] is True
    refused("user_recovery_codes_not_found", users.get_mfa_recovery_codes, "argon2")
    codes = plain(users.create_mfa_recovery_codes("argon2"))["recoveryCodes"]
    assert plain(users.get_mfa_recovery_codes("argon2"))["recoveryCodes"] == codes
    assert plain(users.update_mfa_recovery_codes("argon2"))["recoveryCodes"] != codes
    assert plain(users.list_mfa_factors("argon2"))["totp"] is False
    refused("user_authenticator_not_found", users.delete_mfa_authenticator, "argon2", "totp")
    users.update_mfa("argon2", False)


def walk_targets():
    target = plain(users.create_target("scrypt", ID.unique(), "push", "token-1"))["$id"]
    assert plain(users.list_targets("scrypt", [Query.equal("providerType", ["push"])]))["total"] == 1
    assert plain(users.get_target("scrypt", target))["identifier"] == "token-1"
    assert plain(users.update_target("scrypt", target, "token-2"))["identifier"] == "token-2"
    users.delete_target("scrypt", target)


def sign_in():
    for user in ["plain", "argon2", "bcrypt", "phpass", "scrypt", "scryptmod", "sha"]:
        account = Account(client())
        refused("user_invalid_credentials", account.create_email_password_session, mail(user), "wrong-password")
        assert plain(account.create_email_password_session(mail(user), PASSWORD))["userId"] == user
        assert plain(users.get(user))["hash"] == "argon2"


def main():
    walk_creates()
    walk_reads()
    walk_changes()
    walk_sessions()
    walk_factors()
    walk_targets()
    sign_in()
    users.delete("plain")
    refused("user_not_found", users.get, "plain")
    own = {name for name, _ in inspect.getmembers(Users, inspect.isfunction) if not name.startswith("_")}
    left = own - users.called - LATER
    assert not left, f"not walked: {sorted(left)}"
    print(f"appwrite for Python: {len(own - LATER)} methods of Users walked")


main()
