/* SPDX-License-Identifier: Apache-2.0 */
/* "OS X ABI Mach-O File Format Reference", as far as YARA 4.5's module goes, with its way of
 * treating what is broken. Load commands lie one after the other, so a walk over them ends with
 * the file; but the files of a fat one may overlap, and each of them is charged. */
#include "formats/macho.h"

#include <string.h>

#include "formats/say.h"

#define MAGIC_32   0xfeedfaceu
#define MAGIC_64   0xfeedfacfu
#define FAT_32     0xcafebabeu
#define FAT_64     0xcafebabfu
#define HEADER_32  28u
#define HEADER_64  32u
#define NAME_BYTES 16u

enum {
    CMD_SEGMENT = 1,
    CMD_UNIXTHREAD = 5,
    CMD_SEGMENT_64 = 0x19
};
#define CMD_MAIN 0x80000028u

/* One Mach-O file: the object itself, or a part of a fat one. */
struct file {
    struct ov_image image;
    uint64_t size; /* of the image */
    bool big;      /* the most significant byte first */
    bool wide;
    uint32_t cpu;
    uint32_t commands;
    uint64_t segments; /* seen so far, broken ones included */
    struct ov_spot spot;
    struct ov_say *say;
};

static uint32_t u32(const struct file *file, uint64_t at)
{
    return file->big ? ov_image_u32be(&file->image, at) : ov_image_u32le(&file->image, at);
}

static uint64_t u64(const struct file *file, uint64_t at)
{
    return file->big ? ov_image_u64be(&file->image, at) : ov_image_u64le(&file->image, at);
}

static uint64_t word(const struct file *file, uint64_t at, bool wide)
{
    return wide ? u64(file, at) : u32(file, at);
}

static void say_name(const struct file *file, struct ov_spot at, const char *field, uint64_t offset)
{
    struct ov_bytes name;

    if (ov_image_lend(&file->image, offset, NAME_BYTES, &name)
            && ov_bytes_slice(
                    name, 0, strnlen((const char *)ov_bytes_raw(name), NAME_BYTES), &name)) {
        ov_say_text(file->say, at, field, name);
    }
}

/* struct section and section_64: two names, then numbers. */
static void say_section(const struct file *file, struct ov_spot at, uint64_t offset, bool wide)
{
    static const char *const tail[] = { "offset", "align", "reloff", "nreloc", "flags", "reserved1",
        "reserved2", "reserved3" };
    const unsigned w = wide ? 8 : 4, count = wide ? 8 : 7;
    const uint64_t numbers = offset + 2 * (uint64_t)NAME_BYTES;

    say_name(file, at, "sectname", offset);
    say_name(file, at, "segname", offset + NAME_BYTES);
    ov_say_int(file->say, at, "addr", word(file, numbers, wide));
    ov_say_int(file->say, at, "size", word(file, numbers + w, wide));
    for (unsigned i = 0; i < count; i++) {
        ov_say_int(file->say, at, tail[i], u32(file, numbers + 2 * w + 4 * (uint64_t)i));
    }
}

/* struct segment_command and segment_command_64; its size was found to lie in the file. */
static void say_segment(struct file *file, uint64_t offset, uint64_t size, bool wide)
{
    static const char *const words[] = { "vmaddr", "vmsize", "fileoff", "fsize" };
    static const char *const tail[] = { "maxprot", "initprot", "nsects", "flags" };
    const uint64_t index = file->segments++;
    const unsigned w = wide ? 8 : 4;
    const uint64_t head = 24 + 4 * (uint64_t)w + 16, row = wide ? 80 : 68;
    const uint64_t command_bytes = u32(file, offset + 4);

    if (size < head) {
        return;
    }
    const struct ov_spot at = ov_say_item(file->say, file->spot, "segments", index);

    say_name(file, at, "segname", offset + 8);
    for (unsigned i = 0; i < 4; i++) {
        ov_say_int(file->say, at, words[i], word(file, offset + 24 + i * (uint64_t)w, wide));
    }
    for (unsigned i = 0; i < 4; i++) {
        ov_say_int(file->say, at, tail[i], u32(file, offset + 24 + 4 * (uint64_t)w + 4 * i));
    }
    const uint64_t claimed = u32(file, offset + 24 + 4 * (uint64_t)w + 8);
    /* The command's size, which is at most what is left of the file, bounds what was claimed. */
    const uint64_t room = command_bytes < head ? 0 : (command_bytes - head) / row;
    const uint64_t count = claimed < room ? claimed : room;

    for (uint64_t i = 0; i < count && !ov_say_stopped(file->say); i++) {
        say_section(file, ov_say_item(file->say, at, "sections", i), offset + head + i * row, wide);
    }
}

struct segment {
    uint64_t address;
    uint64_t size;
    uint64_t offset;
};

/* The walk that all three passes share: false when the commands end, in order or not. */
static bool next_command(const struct file *file, const uint64_t *at, uint32_t *index,
        uint32_t *kind, uint64_t *size)
{
    if (*index >= file->commands || *at > file->size || file->size - *at < 8
            || !ov_say_work(file->say, 1)) {
        return false;
    }
    *kind = u32(file, *at);
    *size = u32(file, *at + 4);
    (*index)++;
    return *size >= 8 && *size <= file->size - *at;
}

static uint64_t commands_at(const struct file *file)
{
    return file->wide ? HEADER_64 : HEADER_32;
}

/* In a file, an address is where a segment has it. False: in none. */
static bool address_to_offset(const struct file *file, uint64_t address, uint64_t *out)
{
    uint64_t at = commands_at(file), size;
    uint32_t index = 0, kind;

    for (; next_command(file, &at, &index, &kind, &size); at += size) {
        const bool wide = kind == CMD_SEGMENT_64;

        if ((!wide && kind != CMD_SEGMENT) || file->size - at < (wide ? 72u : 56u)) {
            continue;
        }
        const unsigned w = wide ? 8 : 4;
        const uint64_t start = word(file, at + 24, wide), bytes = word(file, at + 24 + w, wide);

        if (address >= start && address < start + bytes) {
            *out = word(file, at + 24 + 2 * (uint64_t)w, wide) + (address - start);
            return true;
        }
    }
    return false;
}

/* In a process, an offset is where a segment was mapped. False: in none. */
static bool offset_to_address(const struct file *file, uint64_t offset, uint64_t *out)
{
    uint64_t at = commands_at(file), size;
    uint32_t index = 0, kind;

    for (; next_command(file, &at, &index, &kind, &size); at += size) {
        const bool wide = kind == CMD_SEGMENT_64;

        if ((!wide && kind != CMD_SEGMENT) || file->size - at < (wide ? 72u : 56u)) {
            continue;
        }
        const unsigned w = wide ? 8 : 4;
        const uint64_t start = word(file, at + 24 + 2 * (uint64_t)w, wide);
        const uint64_t bytes = word(file, at + 24 + 3 * (uint64_t)w, wide);

        if (offset >= start && offset < start + bytes) {
            *out = word(file, at + 24, wide) + (offset - start);
            return true;
        }
    }
    return false;
}

/* Where in a thread's saved registers the next instruction is, by processor. */
struct registers {
    uint32_t cpu;
    uint16_t bytes; /* of the whole state */
    uint16_t at;    /* of the program counter in it */
    bool wide;
};

static const struct registers register_files[] = {
    { 0x00000006, 72, 68, false },   /* MC680x0: pc */
    { 0x0000000d, 136, 124, false }, /* MC88000: xip */
    { 0x0000000e, 76, 4, false },    /* SPARC: pc */
    { 0x00000012, 160, 0, false },   /* PowerPC: srr0 */
    { 0x00000007, 64, 40, false },   /* x86: eip */
    { 0x0000000c, 68, 60, false },   /* ARM: pc */
    { 0x01000007, 168, 128, true },  /* x86-64: rip */
    { 0x0100000c, 268, 256, true },  /* ARM64: pc */
    { 0x01000012, 304, 0, true },    /* PowerPC 64: srr0 */
};

static void say_thread(const struct file *file, uint64_t offset, uint64_t size)
{
    /* YARA reads this one size as little-endian, whatever the file's order is. */
    const uint64_t claimed = ov_image_u32le(&file->image, offset + 4);
    const uint64_t bytes = claimed < size ? claimed : size;
    uint64_t entry;

    if (size < 16 || bytes < 16) {
        return;
    }
    for (size_t i = 0; i < sizeof(register_files) / sizeof(register_files[0]); i++) {
        const struct registers *r = &register_files[i];

        if (r->cpu != file->cpu) {
            continue;
        }
        if (bytes - 16 < r->bytes) {
            return;
        }
        entry = word(file, offset + 16 + r->at, r->wide);
        if (file->image.is_memory) {
            ov_say_int(file->say, file->spot, "entry_point", file->image.base + entry);
        } else if (address_to_offset(file, entry, &entry)) {
            ov_say_int(file->say, file->spot, "entry_point", entry);
        }
        return;
    }
}

/* struct entry_point_command. */
static void say_main(const struct file *file, uint64_t offset, uint64_t size)
{
    uint64_t entry;

    if (size < 24) {
        return;
    }
    entry = u64(file, offset + 8);
    if (!file->image.is_memory || offset_to_address(file, entry, &entry)) {
        ov_say_int(file->say, file->spot, "entry_point", entry);
    }
    ov_say_int(file->say, file->spot, "stack_size", u64(file, offset + 16));
}

static void say_commands(struct file *file)
{
    uint64_t at = commands_at(file), size;
    uint32_t index = 0, kind;

    for (; next_command(file, &at, &index, &kind, &size); at += size) {
        if (kind == CMD_SEGMENT || kind == CMD_SEGMENT_64) {
            say_segment(file, at, file->size - at, kind == CMD_SEGMENT_64);
        }
    }
    ov_say_int(file->say, file->spot, "number_of_segments", file->segments);
    at = commands_at(file);
    index = 0;
    for (; next_command(file, &at, &index, &kind, &size); at += size) {
        if (kind == CMD_UNIXTHREAD) {
            say_thread(file, at, file->size - at);
        } else if (kind == CMD_MAIN) {
            say_main(file, at, file->size - at);
        }
    }
}

static void say_file(const struct ov_image *image, struct ov_spot spot, struct ov_say *say)
{
    static const char *const fields[] = { "cputype", "cpusubtype", "filetype", "ncmds",
        "sizeofcmds", "flags" };
    /* The first bytes in the order in which they are written: CE FA ED FE is little-endian. */
    const uint32_t magic = ov_image_u32be(image, 0);
    struct file file = {
        .image = *image,
        .size = image->size,
        .big = magic == MAGIC_32 || magic == MAGIC_64 || magic == FAT_32 || magic == FAT_64,
        .wide = magic != MAGIC_32 && magic != __builtin_bswap32(MAGIC_32),
        .spot = spot,
        .say = say,
    };

    if (file.size < HEADER_64) { /* for YARA, of either width */
        return;
    }
    file.cpu = u32(&file, 4);
    file.commands = u32(&file, 16);
    ov_say_int(say, spot, "magic", magic);
    for (unsigned i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        ov_say_int(say, spot, fields[i], u32(&file, 4 + 4 * (uint64_t)i));
    }
    if (file.wide) {
        ov_say_int(say, spot, "reserved", u32(&file, 28));
    }
    say_commands(&file);
}

/* struct fat_header, fat_arch and fat_arch_64: always the most significant byte first. */
static void say_fat(
        const struct ov_image *image, bool wide, struct ov_spot root, struct ov_say *say)
{
    const uint64_t row = wide ? 32 : 20, count = ov_image_u32be(image, 4);
    struct ov_image part;

    if (image->size < 8) {
        return;
    }
    ov_say_int(say, root, "fat_magic", ov_image_u32be(image, 0));
    ov_say_int(say, root, "nfat_arch", count);
    if (count * row > image->size - 8) {
        return;
    }
    for (uint64_t i = 0; i < count && !ov_say_stopped(say); i++) {
        const uint64_t arch = 8 + i * row;
        const struct ov_spot at = ov_say_item(say, root, "fat_arch", i);
        const uint64_t from =
                wide ? ov_image_u64be(image, arch + 8) : ov_image_u32be(image, arch + 8);
        const uint64_t len =
                wide ? ov_image_u64be(image, arch + 16) : ov_image_u32be(image, arch + 12);

        ov_say_int(say, at, "cputype", ov_image_u32be(image, arch));
        ov_say_int(say, at, "cpusubtype", ov_image_u32be(image, arch + 4));
        ov_say_int(say, at, "offset", from);
        ov_say_int(say, at, "size", len);
        ov_say_int(say, at, "align", ov_image_u32be(image, arch + (wide ? 24 : 16)));
        if (ov_image_part(image, from, len, &part)) {
            say_file(&part, ov_say_item(say, root, "file", i), say);
        }
    }
}

void ov_macho_facts(struct ov_fact_tree *tree, struct ov_pages *pages)
{
    const struct ov_image image = ov_image_on(pages);
    const uint32_t magic = ov_image_u32be(&image, 0), turned = __builtin_bswap32(magic);
    struct ov_say say;

    if (magic == MAGIC_32 || magic == MAGIC_64 || turned == MAGIC_32 || turned == MAGIC_64) {
        say_file(&image, ov_say_begin(&say, tree, OV_MACHO), &say);
    } else if (magic == FAT_32 || magic == FAT_64 || turned == FAT_32 || turned == FAT_64) {
        say_fat(&image, magic != FAT_32, ov_say_begin(&say, tree, OV_MACHO), &say);
    }
}
