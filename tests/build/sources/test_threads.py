from penchant.build.sources.threads import parse


def test_columns_have_the_names_of_the_recipe() -> None:
    columns = {"id": "nr", "author": "who", "text": "said"}
    post = parse({"nr": 1, "who": "ann", "said": "tea", "id": 9}, columns, "a row 0")
    assert (post.id, post.author, post.text, post.origin) == ("1", "ann", "tea", "a row 0")
