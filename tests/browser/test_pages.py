"""The pages as their users see them: a release manager triggers, an approver signs, the channel tells."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Stack

pytestmark = pytest.mark.browser
RELEASE = "contact-center-2.0"


def sign_in(page: Page, stack: Stack, person: str) -> None:
    """Signs in on Airflow's page."""
    page.goto(f"{stack.told['page']}/auth/login/")
    page.fill("input[name=username]", person)
    page.fill("input[name=password]", stack.password(person))
    page.click("input[type=submit]")
    page.wait_for_url(re.compile(rf"^{re.escape(stack.told['page'])}/(?!auth)"))


def test_a_stage_is_triggered_by_its_form_and_signed_in_required_actions(page: Page, stack: Stack) -> None:
    """kim.release starts the environment stage from the form; choi.quality signs its gate; the stage closes green."""
    sign_in(page, stack, "kim.release")
    page.goto(f"{stack.told['page']}/dags/environment")
    page.get_by_test_id("trigger-dag-button").click()
    page.locator("input[name='element_release']").fill(RELEASE)
    page.locator("input[name='element_environment']").fill("test")
    page.get_by_role("button", name=re.compile("Trigger|트리거|실행")).last.click()
    expect(page).to_have_url(re.compile("/dags/environment/runs/"))
    run = page.url.rstrip("/").rpartition("/")[2].partition("?")[0]
    approver = page.context.browser.new_context(locale="ko-KR", viewport={"width": 1400, "height": 1000})
    try:
        signing = approver.new_page()
        sign_in(signing, stack, "choi.quality")
        question = f"{stack.told['page']}/dags/environment/runs/{run}/tasks/gate.decide/required_actions"
        approve = signing.get_by_role("button", name=re.compile("^승인"))
        # The page shows what was there when it was opened, so it is opened until the question waits.
        for _ in range(60):
            signing.goto(question)
            signing.wait_for_timeout(3_000)
            if approve.count() and approve.first.is_enabled():
                break
        expect(signing.get_by_text("고객상담센터 2.0").first).to_be_visible(timeout=60_000)
        approve.first.click()
        expect(signing.get_by_text("choi.quality").first).to_be_visible(timeout=60_000)
    finally:
        approver.close()
    for _ in range(60):
        if "stage.closed" in stack.golive("ledger", "show", RELEASE):
            break
        page.wait_for_timeout(2_000)
    page.reload()
    expect(page.get_by_text(re.compile("success|성공", re.IGNORECASE)).first).to_be_visible(timeout=60_000)
    assert "environment.restore_check" in stack.golive("ledger", "show", RELEASE)


def test_the_channel_tells_the_story(page: Page, stack: Stack) -> None:
    """The release's thread is on the channel page, in Korean, with who was asked and who signed."""
    page.goto(f"{stack.told['channel']}/?channel=contact-center-release")
    expect(page.get_by_text("최품질").first).to_be_visible(timeout=60_000)
    expect(page.get_by_text("환경 준비").first).to_be_visible(timeout=60_000)
