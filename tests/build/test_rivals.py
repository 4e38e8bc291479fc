from penchant.build.pairs import Reply
from penchant.build.post import Post
from penchant.build.recipe import PairsSection
from penchant.build.rivals import NONE_FITS, drawn_pairs

SETTINGS = PairsSection(rule="drawn")


def chat(name: str, asks: str, author: str, *, split: str = "train") -> tuple[Post, list[Reply]]:
    """A post by a host, and one reply."""
    post = Post(f"{name}.1", name, f"{name}.0", author, f"I would say {name} myself.")
    return Post(f"{name}.0", name, None, "host", asks), [Reply(post, split)]


def test_each_reply_is_chosen_over_another_persons_reply_to_the_post_that_is_most_alike() -> None:
    chats = [
        chat("one", "Do you like green tea?", "ann"),
        chat("two", "Do you like black tea?", "ben"),
        chat("six", "Where is the station?", "cat"),
    ]
    made, counts = drawn_pairs(chats, SETTINGS, 0)
    assert [pairs[0].id for pairs in made][:2] == ["one.1 > two.1", "two.1 > one.1"]
    assert (counts.rows_in, counts.rows_out, counts.dropped) == (3, 3, {})


def test_the_order_of_the_posts_changes_nothing() -> None:
    chats = [chat(f"n{number}", f"Question {number}?", f"person{number % 5}") for number in range(30)]
    once, _ = drawn_pairs(chats, SETTINGS, 0)
    again, _ = drawn_pairs(chats[::-1], SETTINGS, 0)
    assert {pair.id for pairs in once for pair in pairs} == {pair.id for pairs in again for pair in pairs}


def test_a_rival_is_not_the_same_person_or_thread_and_of_the_same_split() -> None:
    chats = [chat("one", "Tea?", "ann"), chat("two", "Tea?", "ann"), chat("six", "Tea?", "ben", split="test")]
    assert drawn_pairs(chats, SETTINGS, 0)[1].dropped == {NONE_FITS: 3}
    chats.append(chat("ten", "Tea?", "cat", split="test"))
    made, counts = drawn_pairs(chats, SETTINGS, 0)
    assert [[pair.id for pair in pairs] for pairs in made] == [[], [], ["six.1 > ten.1"], ["ten.1 > six.1"]]
    assert counts.dropped == {NONE_FITS: 2}


def test_a_prompt_is_of_one_split() -> None:
    post, replies = chat("one", "Tea?", "ann")
    more = Reply(Post("one.2", "one", "one.0", "dan", "I would not say that."), "test")
    others = [chat("two", "Tea?", "ben"), chat("six", "Tea?", "eva", split="test")]
    made, counts = drawn_pairs([(post, [*replies, more]), *others], SETTINGS, 0)
    assert {pair.person for pair in made[0]} == {"dan"}
    assert counts.dropped == {"its prompt is in test": 1}
