/* SPDX-License-Identifier: Apache-2.0 */
/* api.c - stand-ins for the functions of Windows that unpacking code calls. Each reads its arguments
 * from the program's stack, answers in eax, and takes the arguments off. None does anything outside
 * the program's own regions; one that is not here ends the run: the program is at its real work. */
#include <string.h>

#include "emu/windows.h"

enum answer {
    ANSWER_ZERO,
    ANSWER_ONE,
    ANSWER_MODULE, /* the handle of a library by its name */
    ANSWER_OWN_OR_MODULE,
    ANSWER_FUNCTION,
    ANSWER_MEMORY, /* as many bytes as argument `extra` says */
    ANSWER_TICKS,
    ANSWER_VERSION,
    ANSWER_TEXT, /* a command line */
    ANSWER_PATH, /* into argument 1 */
    ANSWER_NO_HANDLE,
    ANSWER_FILE, /* any file is the program's own */
    ANSWER_FILE_SIZE,
    ANSWER_FILE_READ,
    ANSWER_FILE_SEEK,
    ANSWER_FILE_VIEW,
    ANSWER_PROTECT, /* the old protection into argument 3 */
    ANSWER_END
};

static const struct {
    const char *name;
    uint8_t arguments;
    uint8_t answer;
    uint8_t extra;
} apis[] = {
    { "LoadLibraryA", 1, ANSWER_MODULE, 0 },
    { "LoadLibraryW", 1, ANSWER_MODULE, 0 },
    { "LoadLibraryExA", 3, ANSWER_MODULE, 0 },
    { "GetModuleHandleA", 1, ANSWER_OWN_OR_MODULE, 0 },
    { "GetModuleHandleW", 1, ANSWER_OWN_OR_MODULE, 0 },
    { "GetProcAddress", 2, ANSWER_FUNCTION, 0 },
    { "VirtualAlloc", 4, ANSWER_MEMORY, 1 },
    { "VirtualProtect", 4, ANSWER_PROTECT, 0 },
    { "VirtualFree", 3, ANSWER_ONE, 0 },
    { "VirtualQuery", 3, ANSWER_ZERO, 0 },
    { "GlobalAlloc", 2, ANSWER_MEMORY, 1 },
    { "LocalAlloc", 2, ANSWER_MEMORY, 1 },
    { "GlobalFree", 1, ANSWER_ZERO, 0 },
    { "LocalFree", 1, ANSWER_ZERO, 0 },
    { "GlobalLock", 1, ANSWER_ONE, 0 },
    { "HeapAlloc", 3, ANSWER_MEMORY, 2 },
    { "HeapCreate", 3, ANSWER_ONE, 0 },
    { "HeapFree", 3, ANSWER_ONE, 0 },
    { "GetProcessHeap", 0, ANSWER_ONE, 0 },
    { "GetTickCount", 0, ANSWER_TICKS, 0 },
    { "GetVersion", 0, ANSWER_VERSION, 0 },
    { "GetCommandLineA", 0, ANSWER_TEXT, 0 },
    { "GetModuleFileNameA", 3, ANSWER_PATH, 0 },
    { "GetCurrentProcess", 0, ANSWER_NO_HANDLE, 0 },
    { "GetCurrentProcessId", 0, ANSWER_ONE, 0 },
    { "GetCurrentThreadId", 0, ANSWER_ONE, 0 },
    { "GetLastError", 0, ANSWER_ZERO, 0 },
    { "SetLastError", 1, ANSWER_ZERO, 0 },
    { "IsDebuggerPresent", 0, ANSWER_ZERO, 0 },
    { "OutputDebugStringA", 1, ANSWER_ZERO, 0 },
    { "SetUnhandledExceptionFilter", 1, ANSWER_ZERO, 0 },
    { "SetErrorMode", 1, ANSWER_ZERO, 0 },
    { "CreateFileA", 7, ANSWER_FILE, 0 },
    { "CreateMutexA", 3, ANSWER_ONE, 0 },
    { "CloseHandle", 1, ANSWER_ONE, 0 },
    { "Sleep", 1, ANSWER_ZERO, 0 },
    { "IsBadReadPtr", 2, ANSWER_ZERO, 0 },
    { "IsBadWritePtr", 2, ANSWER_ZERO, 0 },
    { "FreeLibrary", 1, ANSWER_ONE, 0 },
    { "FlushInstructionCache", 3, ANSWER_ONE, 0 },
    { "BlockInput", 1, ANSWER_ONE, 0 },
    { "FindWindowA", 2, ANSWER_ZERO, 0 },
    { "ReadFile", 5, ANSWER_FILE_READ, 0 },
    { "WriteFile", 5, ANSWER_ZERO, 0 },
    { "GetFileSize", 2, ANSWER_FILE_SIZE, 0 },
    { "SetFilePointer", 4, ANSWER_FILE_SEEK, 0 },
    { "SetEndOfFile", 1, ANSWER_ZERO, 0 },
    { "DeleteFileA", 1, ANSWER_ZERO, 0 },
    { "UnmapViewOfFile", 1, ANSWER_ONE, 0 },
    { "MapViewOfFile", 5, ANSWER_FILE_VIEW, 0 },
    { "CreateFileMappingA", 6, ANSWER_FILE, 0 },
    { "OpenProcess", 3, ANSWER_ZERO, 0 },
    { "OpenMutexA", 3, ANSWER_ZERO, 0 },
    { "CreateToolhelp32Snapshot", 2, ANSWER_NO_HANDLE, 0 },
    { "Process32First", 2, ANSWER_ZERO, 0 },
    { "Process32Next", 2, ANSWER_ZERO, 0 },
    { "Module32First", 2, ANSWER_ZERO, 0 },
    { "Module32Next", 2, ANSWER_ZERO, 0 },
    { "GetThreadContext", 2, ANSWER_ZERO, 0 },
    { "SetThreadContext", 2, ANSWER_ZERO, 0 },
    { "GetCurrentThread", 0, ANSWER_NO_HANDLE, 0 },
    { "SuspendThread", 1, ANSWER_ZERO, 0 },
    { "ResumeThread", 1, ANSWER_ZERO, 0 },
    { "WaitForSingleObject", 2, ANSWER_ZERO, 0 },
    { "UnhandledExceptionFilter", 1, ANSWER_ZERO, 0 },
    { "GetStartupInfoA", 1, ANSWER_ZERO, 0 },
    { "ExitThread", 1, ANSWER_END, 0 },
    { "GetVersionExA", 1, ANSWER_ZERO, 0 },
    { "lstrcmpA", 2, ANSWER_ONE, 0 },
    { "lstrcmpiA", 2, ANSWER_ONE, 0 },
    { "lstrlenA", 1, ANSWER_ZERO, 0 },
    { "lstrcpyA", 2, ANSWER_ZERO, 0 },
    { "lstrcatA", 2, ANSWER_ZERO, 0 },
    { "GetEnvironmentVariableA", 3, ANSWER_ZERO, 0 },
    { "GlobalMemoryStatus", 1, ANSWER_ZERO, 0 },
    { "GlobalReAlloc", 3, ANSWER_ZERO, 0 },
    { "GlobalUnlock", 1, ANSWER_ONE, 0 },
    { "HeapReAlloc", 4, ANSWER_ZERO, 0 },
    { "HeapSize", 3, ANSWER_ZERO, 0 },
    { "HeapDestroy", 1, ANSWER_ONE, 0 },
    { "FindResourceA", 3, ANSWER_ZERO, 0 },
    { "LoadResource", 2, ANSWER_ZERO, 0 },
    { "SizeofResource", 2, ANSWER_ZERO, 0 },
    { "LockResource", 1, ANSWER_ZERO, 0 },
    { "FindFirstFileA", 2, ANSWER_NO_HANDLE, 0 },
    { "FindClose", 1, ANSWER_ONE, 0 },
    { "InitializeCriticalSection", 1, ANSWER_ZERO, 0 },
    { "EnterCriticalSection", 1, ANSWER_ZERO, 0 },
    { "LeaveCriticalSection", 1, ANSWER_ZERO, 0 },
    { "DeleteCriticalSection", 1, ANSWER_ZERO, 0 },
    { "TlsAlloc", 0, ANSWER_ONE, 0 },
    { "TlsSetValue", 2, ANSWER_ONE, 0 },
    { "TlsGetValue", 1, ANSWER_ZERO, 0 },
    { "GetSystemTime", 1, ANSWER_ZERO, 0 },
    { "GetLocalTime", 1, ANSWER_ZERO, 0 },
    { "GetSystemTimeAsFileTime", 1, ANSWER_ZERO, 0 },
    { "QueryPerformanceCounter", 1, ANSWER_ZERO, 0 },
    { "GetSystemDirectoryA", 2, ANSWER_ZERO, 0 },
    { "GetWindowsDirectoryA", 2, ANSWER_ZERO, 0 },
    { "GetTempPathA", 2, ANSWER_ZERO, 0 },
    { "DeviceIoControl", 8, ANSWER_ZERO, 0 },
    { "DebugBreak", 0, ANSWER_END, 0 },
    { "WinExec", 2, ANSWER_END, 0 },
    { "CreateProcessA", 10, ANSWER_END, 0 },
    { "ReadProcessMemory", 5, ANSWER_ZERO, 0 },
    { "WriteProcessMemory", 5, ANSWER_ZERO, 0 },
    { "DebugActiveProcess", 1, ANSWER_ZERO, 0 },
    { "WaitForDebugEvent", 2, ANSWER_ZERO, 0 },
    { "ContinueDebugEvent", 3, ANSWER_ZERO, 0 },
    { "RaiseException", 4, ANSWER_END, 0 },
    { "SetFileAttributesA", 2, ANSWER_ZERO, 0 },
    { "GetFileAttributesA", 1, ANSWER_NO_HANDLE, 0 },
    { "MultiByteToWideChar", 6, ANSWER_ZERO, 0 },
    { "WideCharToMultiByte", 8, ANSWER_ZERO, 0 },
    { "GetExitCodeProcess", 2, ANSWER_ZERO, 0 },
    { "GetStdHandle", 1, ANSWER_ONE, 0 },
    { "ExitProcess", 1, ANSWER_END, 0 },
    { "TerminateProcess", 2, ANSWER_END, 0 },
    { "MessageBoxA", 4, ANSWER_END, 0 },
    { "CreateThread", 6, ANSWER_END, 0 },
};
#define APIS (sizeof(apis) / sizeof(apis[0]))

#define EXPORTS_AT 0x200u /* the export directory, in the system's library */
#define TEXT_AT    0x8000u
#define NAME_BYTES 40u

static void store(struct ov_guest *p, uint32_t at, uint32_t v)
{
    uint8_t *to = ov_emu_at(&p->memory, at, 4);

    if (to != NULL) {
        for (unsigned i = 0; i < 4; i++) {
            to[i] = (uint8_t)(v >> (8 * i));
        }
    }
}

static int find_api(const char *name)
{
    for (size_t i = 0; i < APIS; i++) {
        if (strcmp(apis[i].name, name) == 0) {
            return (int)i;
        }
    }
    return -1;
}

uint32_t ov_api_door(struct ov_guest *p, const char *name)
{
    const int api = find_api(name);

    if (api >= 0) {
        return OV_DOORS + (uint32_t)api * OV_DOOR_BYTES;
    }
    if (p->door_count >= OV_DOOR_LEFT) {
        return 0;
    }
    p->door_api[p->door_count] = -1;
    return OV_DOORS + p->door_count++ * OV_DOOR_BYTES;
}

/* A library with a PE header and exports, for those who look for functions on their own. */
void ov_api_map(struct ov_guest *p)
{
    const uint32_t base = OV_SYSTEM_BASE, count = (uint32_t)APIS;
    const uint32_t functions = EXPORTS_AT + 40, names = functions + 4 * count;
    const uint32_t ordinals = names + 4 * count, texts = ordinals + 2 * count + 16;
    uint8_t *at = ov_emu_at(&p->memory, base, OV_SYSTEM_BYTES);

    p->door_count = count;
    if (at == NULL) {
        return;
    }
    store(p, base, 0x5a4d); /* MZ */
    store(p, base + 0x3c, 0x80);
    store(p, base + 0x80, 0x4550); /* PE */
    store(p, base + 0x84, 0x014c);
    store(p, base + 0x94, 0x210e00e0u);
    store(p, base + 0x98, 0x010b);
    store(p, base + 0x80 + 0x34, base);
    store(p, base + 0x80 + 0x50, OV_SYSTEM_BYTES);
    store(p, base + 0x80 + 0x78, EXPORTS_AT);
    store(p, base + 0x80 + 0x7c, 0x2000);
    memcpy(&at[texts - 16], "kernel32.dll", 13);
    store(p, base + EXPORTS_AT + 12, texts - 16);
    store(p, base + EXPORTS_AT + 16, 1);
    store(p, base + EXPORTS_AT + 20, count);
    store(p, base + EXPORTS_AT + 24, count);
    store(p, base + EXPORTS_AT + 28, functions);
    store(p, base + EXPORTS_AT + 32, names);
    store(p, base + EXPORTS_AT + 36, ordinals);
    for (uint32_t i = 0; i < count; i++) {
        p->door_api[i] = (int16_t)i;
        store(p, base + functions + 4 * i, OV_DOORS - base + i * OV_DOOR_BYTES);
        store(p, base + names + 4 * i, texts + i * NAME_BYTES);
        at[ordinals + 2 * i] = (uint8_t)i;
        memcpy(&at[texts + i * NAME_BYTES], apis[i].name, strlen(apis[i].name));
    }
    _Static_assert(APIS < 256, "an ordinal is a byte here");
    memcpy(&at[TEXT_AT], "\"C:\\a.exe\"", 11);
}

/* The text at `address`, cut. */
static void read_text(struct ov_guest *p, uint32_t address, char *out, size_t bytes)
{
    size_t i = 0;

    for (; i + 1 < bytes; i++) {
        const uint8_t *at = ov_emu_at(&p->memory, address + (uint32_t)i, 1);

        if (at == NULL || *at == 0) {
            break;
        }
        out[i] = (char)*at;
    }
    out[i] = 0;
}

/* Any library there is: all are the one we have. */
static uint32_t answer_function(struct ov_guest *p, uint32_t name)
{
    char text[64];

    if (name < 0x10000) {
        return ov_api_door(p, "by number");
    }
    read_text(p, name, text, sizeof(text));
    return ov_api_door(p, text);
}

static uint32_t answer_memory(struct ov_guest *p, uint32_t bytes)
{
    const uint32_t at = OV_HEAP_BASE + p->heap_used;

    if (bytes == 0 || bytes > OV_HEAP_BYTES - p->heap_used) {
        return 0;
    }
    if (p->heap_used == 0 && !ov_emu_map(&p->memory, OV_HEAP_BASE, OV_HEAP_BYTES)) {
        return 0;
    }
    bytes = (bytes + 0xfff) & ~0xfffu;
    p->heap_used = bytes > OV_HEAP_BYTES - p->heap_used ? OV_HEAP_BYTES : p->heap_used + bytes;
    return at;
}

static uint32_t answer_path(struct ov_guest *p, uint32_t to, uint32_t bytes)
{
    static const char path[] = "C:\\a.exe";
    uint8_t *at = ov_emu_at(&p->memory, to, sizeof(path));

    if (bytes < sizeof(path) || at == NULL) {
        return 0;
    }
    memcpy(at, path, sizeof(path));
    ov_emu_mark(&p->memory, to, sizeof(path));
    return sizeof(path) - 1;
}

/* Copies what there is of the file from where its pointer stands. */
static uint32_t copy_file(struct ov_guest *p, uint32_t to, uint32_t bytes)
{
    const uint64_t size = ov_bytes_len(p->file);
    const uint64_t left = p->file_at < size ? size - p->file_at : 0;
    uint8_t *at;

    bytes = bytes < left ? bytes : (uint32_t)left;
    at = ov_emu_at(&p->memory, to, bytes);
    if (at == NULL || bytes == 0) {
        return 0;
    }
    memcpy(at, &ov_bytes_raw(p->file)[p->file_at], bytes);
    ov_emu_mark(&p->memory, to, bytes);
    p->file_at += bytes;
    return bytes;
}

static uint32_t answer_file(struct ov_guest *p, enum answer kind, const uint32_t *arguments)
{
    const uint32_t size = (uint32_t)ov_bytes_len(p->file);
    uint32_t at;

    if (kind == ANSWER_FILE_READ) {
        store(p, arguments[3], copy_file(p, arguments[1], arguments[2]));
        return 1;
    }
    if (kind == ANSWER_FILE_SEEK) {
        at = arguments[3] == 0 ? 0 : arguments[3] == 1 ? p->file_at : size;
        at += arguments[1];
        p->file_at = at <= size ? at : size;
        return p->file_at;
    }
    if (kind == ANSWER_FILE_VIEW) {
        at = answer_memory(p, size);
        p->file_at = 0;
        (void)copy_file(p, at, size);
        return at;
    }
    return size;
}

static bool answer(struct ov_guest *p, size_t api, const uint32_t *arguments)
{
    uint32_t *eax = &p->cpu.r[OV_EAX];

    switch ((enum answer)apis[api].answer) {
    case ANSWER_ZERO:
        *eax = 0;
        break;
    case ANSWER_ONE:
        *eax = 1;
        break;
    case ANSWER_MODULE:
        *eax = OV_SYSTEM_BASE;
        break;
    case ANSWER_OWN_OR_MODULE:
        *eax = arguments[0] == 0 ? p->base : OV_SYSTEM_BASE;
        break;
    case ANSWER_FUNCTION:
        *eax = answer_function(p, arguments[1]);
        break;
    case ANSWER_MEMORY:
        *eax = answer_memory(p, arguments[apis[api].extra]);
        break;
    case ANSWER_TICKS:
        *eax = 0x00100000u + (uint32_t)(p->cpu.steps >> 16);
        break;
    case ANSWER_VERSION:
        *eax = 0x0a280105u;
        break;
    case ANSWER_TEXT:
        *eax = OV_SYSTEM_BASE + TEXT_AT;
        break;
    case ANSWER_PATH:
        *eax = answer_path(p, arguments[1], arguments[2]);
        break;
    case ANSWER_FILE:
        p->file_at = 0;
        *eax = 0x100;
        break;
    case ANSWER_FILE_SIZE:
    case ANSWER_FILE_READ:
    case ANSWER_FILE_SEEK:
    case ANSWER_FILE_VIEW:
        *eax = answer_file(p, (enum answer)apis[api].answer, arguments);
        break;
    case ANSWER_NO_HANDLE:
        *eax = UINT32_MAX;
        break;
    case ANSWER_PROTECT:
        store(p, arguments[3], 0x40);
        *eax = 1;
        break;
    case ANSWER_END:
        return false;
    }
    return true;
}

bool ov_api_enter(struct ov_guest *p)
{
    const uint32_t door = (p->cpu.eip - OV_DOORS) / OV_DOOR_BYTES;
    uint32_t arguments[12] = { 0 };
    uint32_t back;
    int16_t api;

    if (door == OV_DOOR_HANDLED) {
        return ov_exception_return(p);
    }
    if (door >= p->door_count || (api = p->door_api[door]) < 0) {
        return false;
    }
    if (!ov_cpu_pop(&p->cpu, &back)) {
        return false;
    }
    for (unsigned i = 0; i < apis[api].arguments; i++) {
        if (!ov_cpu_pop(&p->cpu, &arguments[i])) {
            return false;
        }
    }
    p->cpu.eip = back;
    p->cpu.steps++;
    return answer(p, (size_t)api, arguments);
}
