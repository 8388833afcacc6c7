/* SPDX-License-Identifier: Apache-2.0 */
/* Ways out of a container, as scripts and manifests. */

rule Container_Escape_ReleaseAgent
{
    meta:
        description = "Script that leaves a container through the cgroup release agent"
        reasoning = "Mounting a cgroup hierarchy, switching on notification and writing a release_agent that the host runs: the three steps of a public escape. Init systems set the agent without mounting inside a script with a container's path."
        reference = "T1611, CVE-2022-0492"
        severity = "critical"
        fixture = "escape_release_agent.sh"
    strings:
        $mount = /mount[ \t]{1,4}-t[ \t]{1,4}cgroup[ \t]{1,4}-o[ \t]{1,4}(rdma|memory|devices|cpu|pids|cpuset|net_cls|blkio)/
        $notify = /(echo|printf)[ \t]{1,4}["']?1["']?[ \t]{0,4}>[ \t]{0,4}[^\r\n]{1,60}notify_on_release/
        $agent = />[ \t]{0,4}["']?[^\r\n]{0,60}\/release_agent/
        $path = /(upperdir|perdir|overlay|\/etc\/mtab|\/proc\/mounts|workdir)/
    condition:
        filesize < 64KB and uint16be(0) == 0x2321 and all of them
}

rule Container_Escape_DockerSocket
{
    meta:
        description = "Script that asks a Docker socket for a container with the host's root file system"
        reasoning = "A raw request to create a container that binds / of the host, through the socket or an open port. Tools use the client and bind what they need."
        reference = "T1611, T1610"
        severity = "critical"
        fixture = "escape_docker_socket.sh"
    strings:
        $socket = /(--unix-socket[ \t=]{1,4}\S{0,20}\/(var\/)?run\/docker\.sock|https?:\/\/[^\r\n \/]{4,60}:237[56]\/)/
        $create = /\/containers\/create/
        $bind = /"Binds\\?"[ \t]{0,2}:[ \t]{0,2}\[[ \t]{0,2}\\?"\/:\/[^"\r\n]{0,40}"/
    condition:
        filesize < 256KB and uint8(0) != 0x7F and (uint16be(0) == 0x2321 or uint32be(0) == 0x696D706F or uint32be(0) == 0x6375726C) and all of them
}

rule Container_Escape_HostRun
{
    meta:
        description = "Script that starts a container on the host's root and changes into it to persist"
        reasoning = "docker run with / bound, chroot into it, and a cron line, a key or a download in the same command: an attack through an exposed daemon."
        reference = "T1610, T1611"
        severity = "critical"
        fixture = "escape_host_run.sh"
    strings:
        $run = /docker[ \t]{1,4}(-H[ \t=]{1,4}\S{4,60}[ \t]{1,4})?run[ \t][^\r\n]{0,120}(-v|--volume)[ \t=]{1,4}\/:\/\w{1,20}[^\r\n]{0,120}chroot[ \t]{1,4}\/\w{1,20}[^\r\n]{0,200}((curl|wget)[ \t][^\r\n]{0,120}\|[ \t]{0,4}(ba)?sh|authorized_keys|base64[ \t]{1,4}-d)/
    condition:
        filesize < 256KB and uint16be(0) == 0x2321 and $run
}

rule Container_Escape_CorePattern
{
    meta:
        description = "Script that makes the host run a program by setting the core pattern from a container"
        reasoning = "A pipe written to core_pattern with a path taken from the container's overlay, and a crash provoked: the host's kernel starts the program outside. Crash collectors are installed on the host with their own path."
        reference = "T1611"
        severity = "critical"
        fixture = "escape_core_pattern.sh"
    strings:
        $write = /(echo|printf)[ \t][^\r\n>]{0,8}\|[^\r\n>]{1,120}>[ \t]{0,4}["']?[^\r\n]{0,40}\/sys\/kernel\/core_pattern/
        $path = /(upperdir|perdir=|workdir=|overlay)[^\r\n]{0,120}/
        $crash = /(kill[ \t]{1,4}-(11|SEGV|SIGSEGV|6|ABRT)|SIGSEGV|abort\(\)|ulimit[ \t]{1,4}-c)/
    condition:
        filesize < 64KB and uint16be(0) == 0x2321 and all of them
}

rule Container_Kubernetes_HostPod
{
    meta:
        description = "Kubernetes manifest of a privileged pod that enters the host and downloads code"
        reasoning = "The host's process namespace, privileges, the host's root mounted, a change of root into it and a fetched or encoded script to run there. Node agents ship their code in their image."
        reference = "T1610, T1611"
        severity = "critical"
        fixture = "kubernetes_host_pod.yaml"
    strings:
        $api = /apiVersion:[ \t]{1,4}/
        $privileged = /privileged:[ \t]{1,4}true/
        $host = /hostPath:[ \t]{0,4}\r?\n?[ \t]{0,40}\{?[ \t]{0,4}path:[ \t]{0,4}["']?\/["']?[ \t]{0,4}[\r\n}]/
        $enter = /(chroot[ \t"',]{1,6}\/\w{1,20}|nsenter[ \t"',]{1,6}(-t|--target|-m|--mount))/
        $fetch = /((curl|wget)[ \t][^\r\n|]{4,200}\|[ \t]{0,4}(ba)?sh\b|base64[ \t]{1,4}(-d|--decode)[^\r\n]{0,20}\|[ \t]{0,4}(ba)?sh\b)/
    condition:
        filesize < 64KB and $api in (0..2048) and all of them
}
