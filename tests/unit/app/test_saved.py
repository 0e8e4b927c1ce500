"""The empty page that the browser fills: one script, known by its hash, and nothing from elsewhere."""

import base64
import hashlib
import re

from exbert_hub.app.wire import assets, saved


def test_the_policy_allows_the_one_script_and_no_network():
    page = saved.shell()
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page).group(1)
    scripts = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(scripts[0].encode()).digest()).decode()
    assert scripts == [assets.script()] and f"script-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'") and "connect-src" not in policy and "http" not in policy


def test_nothing_is_fetched_from_elsewhere():
    page = saved.shell().replace("http://www.w3.org/", "")
    assert not re.search(r"""(src|href)=|@import|url\((?!["']?data:)|https?://""", page.split("<script>")[0])


def test_the_data_comes_before_the_script_that_may_mention_it():
    assert saved.shell().index('id="exb-saved">DATA</script>') < saved.shell().index("<script>")


def test_scripts_can_stand_in_html():
    assert not re.search(r"</?script|<!--", assets.script(), re.IGNORECASE)
