"""Colours of code: found in a child, which ends with what is made to take it long. The code is then plain."""

import asyncio
import os
import re
import subprocess
import sys
import threading

import pytest
from sdc_core import clock
from sdc_web.texts import code_blocks, colours
from sdc_web.texts.markdown import render, rendered

HOSTILE = {"yaml": "*", "jsx": "a.", "ini": "=a", "lua": "a<", "sparql": "a", "html+php": "&", "console": "1"}
"""Lexers of Pygments that take minutes, or hours, over letters in a row."""
HONEST = '```python\nprint("fog")\n```\n'
COLOURED = '<span class="nb">print</span>'


def fence(language: str, letters: str) -> str:
    code = (letters * code_blocks.MAX_HIGHLIGHTED)[: code_blocks.MAX_HIGHLIGHTED - 1]
    return f"```{language}\n{code}\n```\n\n"


def test_code_that_takes_a_lexer_for_ever_stays_plain_and_what_follows_is_coloured() -> None:
    rendered = render(HONEST + fence("lua", HOSTILE["lua"]) + HONEST)
    assert rendered.html.count(COLOURED) == 2
    assert rendered.html.count("<span") == 2 * render(HONEST).html.count("<span")
    assert rendered.faults == (code_blocks.TOO_SLOW,)


def test_a_text_full_of_such_code_is_plain_from_the_third_block_on() -> None:
    text = "".join(fence(language, letters) for language, letters in HOSTILE.items()) + HONEST
    began_us = clock.monotonic_us()
    rendered = render(text)
    assert clock.monotonic_us() - began_us < colours.TEXT_US
    assert "<span" not in rendered.html
    assert rendered.html.count('<div class="highlight">') == len(HOSTILE) + 1


def test_no_other_thread_waits_for_a_lexer() -> None:
    done = threading.Event()
    thread = threading.Thread(target=lambda: (render(fence("yaml", "*")), done.set()))
    thread.start()
    turns = 0
    while not done.wait(0.001):
        turns += 1
    thread.join()
    assert turns > 100


async def test_many_texts_that_wait_for_colours_hold_no_thread_that_pages_need() -> None:
    async with asyncio.TaskGroup() as group:
        with colours._child._turn:
            texts = [group.create_task(rendered(HONEST)) for _ in range(40)]
            await asyncio.sleep(0)  # each of them has asked
            assert await asyncio.to_thread(str, 1) == "1"
            assert not any(text.done() for text in texts)
    assert all(COLOURED in text.result().html for text in texts)


def test_a_language_that_nobody_knows_is_plain_without_a_complaint() -> None:
    rendered = render("```klingon\nqapla\n```\n")
    assert re.sub(r"<pre[^<>]*>", "<pre>", rendered.html) == (
        '<div class="highlight"><pre><code>qapla\n</code></pre></div>\n'
    )
    assert rendered.faults == ()


def test_a_child_that_was_killed_between_two_texts_is_replaced() -> None:
    render(HONEST)
    process = colours._child._process
    assert process is not None
    process.kill()
    process.wait()
    assert COLOURED in render(HONEST).html


def test_a_child_that_is_about_to_end_by_itself_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    render(HONEST)
    before = colours._child._process
    monkeypatch.setattr(colours, "FRESH_US", -1)
    assert COLOURED in render(HONEST).html
    after = colours._child._process
    assert before is not None
    assert after is not None
    assert before.pid != after.pid
    assert before.returncode is not None


def test_many_texts_at_once_are_all_coloured() -> None:
    found: list[str] = []
    threads = [threading.Thread(target=lambda: found.append(render(HONEST * 5).html)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [html.count(COLOURED) for html in found] == [5] * 8


def test_the_child_ends_with_the_process_that_started_it() -> None:
    program = (
        "import os, signal\nfrom sdc_web.texts import colours\n"
        "colours.coloured('python', 'x', colours.TEXT_US)\n"
        "print(colours._child._process.pid, flush=True)\nos.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, timeout=20, check=False)
    child = int(re.sub(r"\D", "", done.stdout))
    ends_us = clock.monotonic_us() + 10 * clock.SECOND_US
    while clock.monotonic_us() < ends_us:
        try:
            os.kill(child, 0)
        except ProcessLookupError:
            return
        os.sched_yield()
    pytest.fail("the child outlived its parent")
