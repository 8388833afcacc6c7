"""Files made of named numbers, and what is made of them when one number lies: each of them in turn takes the values that
parsers fall over, then several at once, then the file ends in the midst of one."""
import struct

WIDTHS = {"B": 1, "H": 2, "I": 4, "Q": 8}


class Made:
    """A file put together number by number; `order` is < or >."""

    def __init__(self, order="<"):
        self.order, self.data, self.fields = order, bytearray(), []

    def here(self):
        return len(self.data)

    def put(self, form, **named):
        """Numbers of one form, each with its name."""
        for name, value in named.items():
            self.fields.append((name, self.here(), form))
            self.data += struct.pack(self.order + form, value & (1 << 8 * WIDTHS[form]) - 1)

    def raw(self, raw, align=1):
        self.data += bytes(-len(self.data) % align)
        at = self.here()
        self.data += raw
        return at

    def each_byte(self, name, raw):
        """Bytes that may lie one by one."""
        at = self.here()
        for i, byte in enumerate(raw):
            self.put("B", **{f"{name}+{i}": byte})
        return at

    def set(self, name, value):
        """A number put before what it tells of; the last one of that name."""
        at, form = next((at, form) for n, at, form in reversed(self.fields) if n == name)
        struct.pack_into(self.order + form, self.data, at, value)

    def append(self, other):
        """A file within this one, its numbers among this one's."""
        at = self.here()
        self.fields += [(f"{name}@{at:x}", at + where, form if other.order == self.order else (other.order, form))
                        for name, where, form in other.fields]
        self.data += other.data
        return at

    def form_of(self, form):
        return (form[0], form[1]) if isinstance(form, tuple) else (self.order, form)


def values_for(value, width, size, others, chance):
    top = (1 << 8 * width) - 1
    if width == 1:
        fixed = {0, 1, 2, 0x7F, 0x80, 0xC0, 0xFF}
    else:
        fixed = {0, 1, 2, 0xFF, 0x7FFF, 0xFFFF, 0x10000, top, top - 1, top >> 1, (top >> 1) + 1, size, size - 1, size + 1,
                 size - value, value * 2}
    near = {value - 1, value + 1, value + 4, value - 4, value ^ 1 << chance.randrange(8 * width)}
    return sorted({v & top for v in fixed | near | set(chance.sample(others, min(3, len(others))))} - {value})


def read(made, data, at, form):
    return struct.unpack_from("".join(made.form_of(form)), data, at)[0]


def write(made, data, at, form, value):
    struct.pack_into("".join(made.form_of(form)), data, at, value)


def cases(title, made, chance, alone, together):
    """`alone` files in which one number lies, `together` in which several do or the end is missing."""
    yield title, bytes(made.data)
    size, places = len(made.data), [at for _, at, _ in made.fields]
    single = []
    for name, at, form in made.fields:
        value = read(made, made.data, at, form)
        for lie in values_for(value, WIDTHS[made.form_of(form)[1]], size, places, chance):
            single.append((name, at, form, lie))
    for name, at, form, lie in chance.sample(single, min(alone, len(single))):
        data = bytearray(made.data)
        write(made, data, at, form, lie)
        yield f"{title}: {name} is {lie:x}", bytes(data)
    for i in range(together):
        data, said = bytearray(made.data), []
        for name, at, form, lie in chance.sample(single, chance.choice([2, 2, 3, 4])):
            write(made, data, at, form, lie)
            said.append(f"{name} {lie:x}")
        if chance.random() < .25:
            data = data[:chance.choice(places) + chance.choice([0, 1, 3])]
            said.append(f"cut at {len(data):x}")
        yield f"{title}: {', '.join(said)}", bytes(data)
    for at in chance.sample(places, min(len(places), together // 4)):
        yield f"{title}: ends at {at:x}", bytes(made.data[:at + chance.choice([0, 0, 1])])
