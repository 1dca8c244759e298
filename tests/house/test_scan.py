"""The scanners of `make check` see what they are there for: each rule of ours hits a bad example and passes a good one."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
RULES = sorted((ROOT / "deploy/semgrep").glob("*.yaml"))
VIEW, FORM, VERB, PAGE = (
    "incidents/views/a.py",
    "incidents/forms/a.py",
    "incidents/domain/a.py",
    "templates/incidents/a.html",
)
# rule: (the file it stands in, lines that are bad each on their own, lines that are good)
EXAMPLES: dict[str, tuple[str, list[str], list[str]]] = {
    "raw-sql": (VERB, ["connection.cursor()", 'RawSQL("1", [])', "rows.extra(a=1)"], ["order.cursor(row)", "rows.filter(a=1)"]),
    "sql-with-a-value-inside": (
        VERB,
        ['c.execute("SELECT " + request.GET["a"])', 'c.execute(f"SELECT {request.GET[\'a\']}")'],
        ['c.execute("SELECT %s", [request.GET["a"]])'],
    ),
    "declared-safe": (
        VIEW,
        ["mark_safe(text)", 'format_html(f"<b>{text}</b>")', "SafeString(text)", 'format_html("<b>%s</b>" % text)'],
        ['format_html("<b>{}</b>", text)'],
    ),
    "unscoped-manager": (
        VIEW,
        ["Incident.objects", "rows.filter(pk=pk)", "row.save()", "get_object_or_404(Incident, pk=pk)", "Incident._base_manager"],
        ["access.get_incident(by=person, pk=pk)", "register.filter(name)"],
    ),
    "every-field": (
        FORM,
        ['class Meta:\n    fields = "__all__"', 'class Meta:\n    exclude = ["id"]', "modelform_factory(Incident)"],
        ['class Meta:\n    fields = ["title"]'],
    ),
    "filter-by-request": (
        VIEW,
        ["rows.get(**request.GET.dict())", 'rows.order_by(request.GET["sort"])', "Q(**request.POST)"],
        ['rows.get(pk=request.GET["pk"])', 'rows.order_by("number")'],
    ),
    "redirect-by-request": (
        VIEW,
        ['redirect(request.GET["next"])', 'HttpResponseRedirect(request.META.get("HTTP_REFERER"))'],
        ['redirect("today")', 'HttpResponseRedirect(reverse("today"))'],
    ),
    "address-of-the-request": (
        VIEW,
        ['request.build_absolute_uri("/")', "request.get_host()", 'request.META["HTTP_HOST"]', "USE_X_FORWARDED_HOST = True"],
        ['absolute("/")', "USE_X_FORWARDED_HOST = False"],
    ),
    "no-exemption": (
        VIEW,
        ["csrf_exempt(view)", "csp_override({})", "xframe_options_exempt(view)", "CSP.UNSAFE_INLINE"],
        ["require_POST(view)", "CSP.NONCE"],
    ),
    "csrf-done-by-hand": (VIEW, ["request.csrf_processing_done = True"], ["request.user = person"]),
    "template-of-text": (
        VERB,
        ["Template(body).render(context)", "engine.from_string(body)", "body.format(name=name)", "body.format_map(values)"],
        ['"{}".format(name)', 'render("care/one", language="ja", context={})'],
    ),
    "unsafe-loader": (
        VERB,
        ["import pickle", "yaml.load(text)", 'CELERY_ACCEPT_CONTENT = ["json", "pickle"]'],
        ["import json", "yaml.safe_load(text)", 'CELERY_ACCEPT_CONTENT = ["json"]'],
    ),
    "shell": (VERB, ["subprocess.run(line, shell=True)", "os.system(line)"], ["subprocess.run([program, path])"]),
    "code-from-text": (VERB, ["eval(text)", "exec(text)"], ["ast.literal_eval(text)", "pattern.search(text)"]),
    "page-cache": (VIEW, ["cache_page(60)", "cache_control(public=True)"], ["cache_control(no_store=True)"]),
    "second-way-out": (
        VERB,
        ["import requests", "from urllib.request import urlopen", "import urllib.request", "import socket", "from http import client"],
        ["from urllib.parse import urlsplit", "from incidents.gateways import egress"],
    ),
    "second-way-for-letters": (
        VERB,
        ["send_mail(a, b, c, d)", "EmailMessage(a)", "Letter.objects.create(a=1)", "import smtplib"],
        ['letter.post(kind=kind, key="a", to=person, rendered=written)', "Letter.objects.all()"],
    ),
    "secret-in-a-log": (
        VERB,
        ['log.info("sent %s", token)', 'log.warning("no: %s", form.password)', 'log.error(f"bad {token}")', 'log.info("%s", letter.body)'],
        ['log.info("letter %s sent", letter.pk)', 'log.exception("nobody could be told")'],
    ),
    "plain-console": (
        "incidents/admin/a.py",
        ["class A(admin.ModelAdmin):\n    pass", "admin.site.register(Team)", 'list_editable = ["role"]', "def has_delete_permission(self, request, obj=None):\n    return True"],
        ["class A(Window):\n    pass"],
    ),
    "xml-without-care": (
        VERB,
        ["from xml.etree import ElementTree", "import xml.dom.minidom", "from lxml import etree", "from xml.etree.ElementTree import parse"],
        ["from defusedxml.ElementTree import parse", "from xml.etree.ElementTree import ParseError"],
    ),
    "unpacked-archive": (VERB, ["archive.extractall(folder)", "shutil.unpack_archive(file)"], ["archive.open(name)"]),
    "file-shown-inline": (
        VIEW,
        ["FileResponse(file)", "FileResponse(file, as_attachment=False)"],
        ['def view():\n    answer = FileResponse(file)\n    answer.headers["Content-Disposition"] = saved\n    return answer'],
    ),
    "table-without-escape": (VIEW, ["csv.writer(file)", "openpyxl.Workbook()"], ["csvsafe.line(cells)", "csv.reader(file)"]),
    "one-salt-for-all": (
        VERB,
        ["signing.dumps(1)", "signing.loads(token, max_age=1)", "signing.TimestampSigner()"],
        ["signing.dumps(1, salt=SALT)", "signing.loads(token, salt=SALT)", "signing.Signer(salt=SALT)"],
    ),
    "regex-that-runs-away": (
        VERB,
        [r're.compile(r"^(\w+)+$")', r're.match(r"([a-z]+)*!", text)', r're.search(r"(?:\s*)*$", text)'],
        [r're.compile(r"^\w+$")', r're.match(r"(?:[a-z]+,)*!", text)'],
    ),
    "work-without-bound": (VERB, ["strip_tags(text)", "urlize(text)", "Truncator(text)"], ["text[:100]"]),
    "certificate-not-looked-at": (
        VERB,
        ["get(address, verify=False)", "ssl._create_unverified_context()", "context.check_hostname = False"],
        ["ssl.create_default_context()"],
    ),
    "secret-in-the-code": (
        "ushiro/a.py",
        ['SECRET_KEY = "s3cr3t-s3cr3t-s3cr3t"', 'CHAT_TOKEN = "xoxb-000000000000"'],
        ['SECRET_KEY = env.text("USHIRO_SECRET_KEY")', 'METRICS_TOKEN = env.text("METRICS_TOKEN", "")'],
    ),
    "due-time-in-the-broker": (VERB, ["task.apply_async(countdown=60)", "task.apply_async(eta=when)"], ['later("letter.send", letter_id=1)']),
    "page-safe": (PAGE, ["{{ text|safe }}", "{{ text | safe }}", "{% autoescape off %}"], ["{{ text|linebreaks }}", "<p>safe</p>"]),
    "page-handler": (
        PAGE,
        ['<a onclick="go()">', '<div hx-on:click="go()">', '<a href="javascript:go()">', "<img src=a onerror=go()>"],
        ['<a href="/today/">on=1</a>', '<div hx-get="/a/">'],
    ),
    "page-inline-style": (PAGE, ['<p style="color:red">', "<style>p{}</style>", "<script>go()</script>"], ['<link rel="stylesheet" href="{% static "a.css" %}">']),
    "page-bare-attribute": (PAGE, ["<a href={{ place }}>", "<input value={{ text }}>"], ['<a href="{{ place }}">']),
    "page-from-elsewhere": (
        PAGE,
        ['<script src="https://cdn.example/a.js"></script>', '<img src="//a.example/a.png">', "<iframe>"],
        ['<a href="https://www.example.jp/">', '<img src="{% static "a.svg" %}">'],
    ),
    "page-debug": (PAGE, ["{% debug %}", "{{ request.META.HTTP_COOKIE }}", "{{ settings.SECRET_KEY }}"], ["{{ request.user.name }}"]),
    "script-markup": (
        "static/js/a.js",
        ["box.innerHTML = text;", 'box.insertAdjacentHTML("beforeend", text);', "eval(text);", "document.write(text);"],
        ["box.textContent = text;", "box.append(child);"],
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def scan() -> ModuleType:
    spec = importlib.util.spec_from_file_location("deploy_scan", ROOT / "deploy/scan.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def hits(scan, tmp_path_factory) -> set[tuple[str, str]]:
    """(rule, file) of all examples, each in a file of its own, looked at by one run."""
    folder = tmp_path_factory.mktemp("examples")
    for rule, (place, bad, good) in EXAMPLES.items():
        for kind, lines in (("bad", bad), ("good", good)):
            for number, line in enumerate(lines):
                file = folder / Path(place).with_stem(f"{rule}_{kind}_{number}")
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(f"{line}\n", "utf-8")
    tops = tuple(sorted({Path(place).parts[0] for place, *_ in EXAMPLES.values()}))
    return {(one.rule, Path(one.file).stem) for one in scan.semgrep(folder, ROOT / "deploy/semgrep", tops)}


def test_every_rule_has_its_examples():
    written = {rule["id"] for file in RULES for rule in yaml.safe_load(file.read_text("utf-8"))["rules"]}
    assert set(EXAMPLES) == written


@pytest.mark.parametrize("rule", EXAMPLES)
def test_rule_hits_what_is_bad_and_passes_what_is_good(rule, hits):
    _, bad, good = EXAMPLES[rule]
    missed = [line for number, line in enumerate(bad) if (rule, f"{rule}_bad_{number}") not in hits]
    wrongly = [line for number, line in enumerate(good) if (rule, f"{rule}_good_{number}") in hits]
    assert (missed, wrongly) == ([], [])


def test_no_rule_is_silenced_in_a_line():
    found = [
        str(file.relative_to(ROOT))
        for top in ("incidents", "ushiro", "tools", "templates", "static/js", "deploy")
        for file in (ROOT / top).rglob("*")
        if file.suffix in {".py", ".html", ".js"} and "nosem" + "grep" in file.read_text("utf-8")
    ]
    assert found == []


def test_every_line_that_bandit_is_to_pass_names_the_number_and_a_reason():
    found = [
        f"{file.relative_to(ROOT)}: {line.strip()}"
        for top in ("incidents", "ushiro", "tools", "deploy")
        for file in (ROOT / top).rglob("*.py")
        if file.name != "scan.py"
        for line in file.read_text("utf-8").splitlines()
        if "nosec" in line and not line.rstrip().endswith(tuple(f"# nosec {code}" for code in ("B608", "B611", "B104")))
    ]
    assert found == []


def test_a_lock_below_the_floor_is_named(scan, tmp_path):
    (tmp_path / "deploy").mkdir()
    (tmp_path / "deploy/floor.toml").write_text((ROOT / "deploy/floor.toml").read_text("utf-8"), "utf-8")
    for name in ("requirements.lock", "requirements-dev.lock"):
        text = (ROOT / name).read_text("utf-8")
        (tmp_path / name).write_text(
            text.replace("celery==5", "celery==4").replace("\nargon2-cffi==", "\nother=="), "utf-8"
        )

    found = scan.floor(tmp_path)

    assert {(one.rule, one.file) for one in found} == {
        (name, lock) for name in ("celery", "argon2-cffi") for lock in ("requirements.lock", "requirements-dev.lock")
    }
    assert scan.floor(ROOT) == []


def test_a_secret_that_is_new_is_named_and_a_known_one_is_not(scan, tmp_path):
    (tmp_path / ".secrets.baseline").write_text('{"results": {}}', "utf-8")
    (tmp_path / "a.py").write_text("API_KEY = " + '"' + "hT7kQz19vXw3PmLr" + '"\n', "utf-8")
    assert [(one.file, one.line) for one in scan.secrets(tmp_path)] == [("a.py", 1)]

    scan.write_baseline(tmp_path)
    (tmp_path / "a.py").write_text("\n\n" + (tmp_path / "a.py").read_text("utf-8"), "utf-8")
    assert scan.secrets(tmp_path) == []


def test_the_baseline_names_files_that_are_there_and_nothing_of_a_machine():
    known = json.loads((ROOT / ".secrets.baseline").read_text("utf-8"))
    assert set(known) == {"results"}
    assert [name for name in known["results"] if name.startswith("/") or not (ROOT / name).is_file()] == []


def test_scan_ends_with_one_when_something_is_found(tmp_path):
    for name in ("requirements.lock", "requirements-dev.lock"):
        (tmp_path / name).write_text("django==5.0 \\\n", "utf-8")
    (tmp_path / "deploy").mkdir()
    (tmp_path / "deploy/floor.toml").write_text((ROOT / "deploy/floor.toml").read_text("utf-8"), "utf-8")
    answer = subprocess.run(
        [sys.executable, str(ROOT / "deploy/scan.py"), "--root", str(tmp_path), "floor"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert answer.returncode == 1
    assert "django 5.0 is below" in answer.stdout
