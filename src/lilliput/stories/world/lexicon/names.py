"""Names by the kind of who bears them; each name occurs once in all the lists."""

GIRLS = tuple(
    """Lily Mia Anna Sue Lucy Sara Molly Emma Daisy Amy Ella Rosie Nora Zoe Ruby Kate Lola Jill Tina
    Clara Maya Ivy Jane Bella Nina Mary Eva Lena Hana Priya Leila Rita Wendy Penny Polly Hazel Alice
    Betty Cora Dora Elsie Fiona Gina Holly Iris June Lulu""".split()
)
BOYS = tuple(
    """Tim Tom Ben Sam Jack Max Leo Bob Billy Jim Peter John Mark Finn Noah Oscar Adam Luke Danny Joey
    Henry Charlie Theo Omar Ravi Kenji Hugo Felix Eddie Freddie Simon Toby Walter Alfie Oliver George
    Harry Jacob Kofi Lewis Nick Paul Owen Rudy Sid Will Ned""".split()
)
ANIMAL_SHES = tuple(
    """Bibi Dot Pip Coco Mimi Tilly Poppy Fifi Honey Willow Mopsy Pearl Olive Ginger Peaches Momo
    Clover Nibbles Sunny Pepper""".split()
)
ANIMAL_HES = tuple(
    """Buddy Rex Hop Bobo Spot Fluff Dusty Biscuit Scout Barney Rusty Teddy Bruno Gus Waddles Pogo
    Buster Benny Ziggy Mango""".split()
)
LAST_NAMES = tuple("Brown Green Hill Bell Lee Wood Baker Park Rose Cook Woods King Field Reed".split())
