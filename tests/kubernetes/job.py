"""Does what examples/kubernetes/job.yaml and report.yaml do, by the program as it is built, against the sandbox."""

import gzip
import json
import re
import subprocess
import sys
from pathlib import Path

import yaml

PROGRAM, HOME = Path(sys.argv[1]).resolve(), Path(sys.argv[2])
MANIFESTS = Path("examples/kubernetes")
FIXTURE = Path("fixtures/firebase")
USERS = 40


def container(name):
    job = yaml.safe_load((MANIFESTS / name).read_text())
    return job["spec"], job["spec"]["template"]["spec"]["containers"][0]


def carried_out(name, environment, index=None):
    """Runs a Job's container with its paths below the home folder, and gives its exit code."""
    _, one = container(name)
    said = {entry["name"]: entry["value"] for entry in one.get("env", []) if "value" in entry}
    if index is not None:
        said["JOB_COMPLETION_INDEX"] = str(index)
    mounts = [mount["mountPath"] for mount in one["volumeMounts"]]
    words = []
    for word in one["args"]:
        word = re.sub(r"\$\((\w+)\)", lambda found: said[found[1]], word)
        if any(word.startswith(mount + "/") for mount in mounts):
            word = f"{HOME}{word}"
        words.append(word)
    # As an image from scratch has it: nothing but what the manifest says.
    done = subprocess.run([PROGRAM, *words], env={**said, **environment}, cwd=HOME / "data", capture_output=True, text=True)
    print(f"{name} {'' if index is None else index}: exit code {done.returncode}")
    if done.returncode not in (0, 3):
        sys.exit(done.stderr)
    return done.returncode


for folder in ("data", "export", "secrets/firebase"):
    (HOME / folder).mkdir(parents=True)
config = (FIXTURE / "hash_config.txt").read_text()
(HOME / "secrets/firebase/hash-config.txt").write_text(config)
genuine = json.loads((FIXTURE / "users.json").read_text())["users"]
user = next(user for user in genuine if user.get("passwordHash") and user.get("email"))
people = [{**user, "localId": f"u{n}", "email": f"u{n}@example.com"} for n in range(USERS)]
for person in people:
    person.pop("phoneNumber", None)
# Nobody could create this one: a part has a refused user.
people[7]["passwordHash"] = "not a hash"
with gzip.open(HOME / "export/users.json.gz", "wt") as out:
    json.dump({"users": people}, out)

sandbox = subprocess.Popen([PROGRAM, "sandbox", "--format", "json"], stdout=subprocess.PIPE, text=True)
try:
    ready = json.loads(sandbox.stdout.readline())
    target = {
        "APPWRITE_ENDPOINT": ready["endpoint"],
        "APPWRITE_PROJECT_ID": ready["project"],
        "APPWRITE_API_KEY": ready["key"],
    }
    spec, _ = container("job.yaml")
    of = int(spec["completions"])
    assert [carried_out("job.yaml", target, index) for index in range(of)] == [0] * of, "a part ended with a failure"
    # A pod that is started again finds its own ledger, and changes nothing.
    assert carried_out("job.yaml", target, 0) == 0
    assert carried_out("report.yaml", target) in (0, 3)
    report = json.loads((HOME / "data/report/report.json").read_text())
    created, refused = report["import"]["created"], report["outcomes"]["refused"]
    assert (created, refused) == (USERS - 1, 1), (created, refused)
    print(f"{created} created, {refused} refused, in {of} parts")
finally:
    sandbox.terminate()
    sandbox.wait()
