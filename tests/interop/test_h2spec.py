#!/usr/bin/env python3
"""h2spec, a conformance test of HTTP/2, against `acq serve`: as it is, with GETs, which our server answers with a text;
and with its requests made gRPC's, so that calls of our methods see the same abuse. A case that does not pass or is skipped
must be in the list of its run, with the reason; any other fails this test."""
import os
import subprocess
import xml.etree.ElementTree as xml

import helper

folder = helper.Folder().__enter__()
helper.need(helper.ACQ)
ATLEAST = 140  # cases; fewer were not all of them
PATIENT = 20  # seconds for a case that had no answer in 2

NGHTTP2 = "nghttp2 ignores HEADERS for a stream number below the highest so far: it does not remember all streams " \
          "that there were, and this one may have been closed"
NO_DATA = "a call without a message is answered by its status, in HEADERS alone"
EXPECTED = {
    "http2/5.1.1/2": NGHTTP2,
}
EXPECTED_OF_CALLS = dict(EXPECTED, **{
    "generic/2/2": NO_DATA,
    "generic/2/3": NO_DATA,
    "http2/6.5.3/1": NO_DATA,
    "http2/6.9.1/1": NO_DATA,
    "http2/6.9.2/1": NO_DATA,
    "http2/6.9.2/2": NO_DATA,
})


def run(program, server, path, *words):
    """The cases by name ("http2/5.1.1/2"): None for one that passed, else what h2spec says."""
    report = folder("report.xml")
    subprocess.run([program, "-p", str(server.port), "-P", path, "-S", "-j", report, *words],
                   stdout=subprocess.DEVNULL, timeout=600)
    cases = {}
    for suite in xml.parse(report).getroot():
        for i, case in enumerate(suite):
            name = "%s/%d" % (case.get("package"), i + 1)
            cases[name] = None
            for child in case:
                said = (child.text or "").strip().replace("\n", " | ")
                cases[name] = "%s: %s; %s" % (child.tag, case.get("classname"), said)
    os.unlink(report)
    return cases


def judge(name, path, expected):
    program = os.path.join(helper.GO, name)
    if not os.path.exists(program):
        raise helper.Missing(name + " is not there: tools/setup.sh test builds it")
    unexpected = []
    with helper.Server(folder(name)) as server:
        cases = run(program, server, path)
        assert len(cases) >= ATLEAST, cases
        for case, said in cases.items():
            if said and case not in expected:  # perhaps the machine was busy
                said = run(program, server, path, case, "-o", str(PATIENT)).get(case, said)
                if said:
                    unexpected.append("%s %s" % (case, said))
            elif said:
                print("        %s %s\n            because %s" % (case, said, expected[case]))
        assert server.stop() == 0, server.text()
    print("        %d cases, %d passed" % (len(cases), sum(said is None for said in cases.values())))
    assert not unexpected, "\n".join(unexpected)


def requests_of_a_browser():
    judge("h2spec", "/", EXPECTED)


def calls():
    judge("h2spec-grpc", "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", EXPECTED_OF_CALLS)


try:
    helper.run([requests_of_a_browser, calls])
finally:
    folder.__exit__()
