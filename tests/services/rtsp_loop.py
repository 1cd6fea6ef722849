"""An RTSP camera: serves one Matroska recording (a picture and AAC) in an endless loop. Runs on Debian's own Python.

FFmpeg repeats the recording with rising timestamps; GStreamer's RTSP server sends it at the pace of a clock.
Each viewer gets a stream of its own, from the recording's beginning, so that a test need not be on time.

``rtsp_loop.py FFMPEG RECORDING CODEC [PORT]`` serves, CODEC being the picture's: h264, hevc or mjpeg.
``rtsp_loop.py --live COMMAND…`` serves what COMMAND writes as it writes it (Matroska with H.264 and AAC), the same to
all viewers.
``rtsp_loop.py --check`` succeeds if this machine has what it takes.
"""

import subprocess
import sys
from typing import Any

import gi  # type: ignore[import-not-found, import-untyped, unused-ignore]

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import (  # type: ignore[import-not-found, import-untyped, unused-ignore] # noqa: E402
    GLib,
    Gst,
    GstRtspServer,
)

PIPELINE = """( fdsrc name=recording ! matroskademux name=tracks
  tracks.video_0 ! queue ! {picture}
  tracks.audio_0 ! queue ! rtpmp4gpay name=pay1 pt=97 )"""
PICTURES = {
    "h264": "rtph264pay name=pay0 pt=96 config-interval=-1",
    "hevc": "h265parse ! rtph265pay name=pay0 pt=96 config-interval=-1",
    "mjpeg": "rtpjpegpay name=pay0 pt=26",
}


def main() -> None:
    Gst.init(None)
    for picture in PICTURES.values():
        Gst.parse_launch(PIPELINE.format(picture=picture))  # raises where a plugin is missing
    if sys.argv[1] == "--live":
        serve(sys.argv[2:], "h264", shared=True)
    elif sys.argv[1] != "--check":
        loop(*sys.argv[1:])


def loop(ffmpeg: str, recording: str, codec: str, port: str = "0") -> None:
    repeat = [ffmpeg, "-v", "error", "-stream_loop", "-1", "-i", recording]
    serve([*repeat, "-map", "0", "-c", "copy", "-f", "matroska", "pipe:1"], codec, port)


def serve(publish: list[str], codec: str, port: str = "0", shared: bool = False) -> None:
    def feed(_factory: Any, media: Any) -> None:
        publisher = subprocess.Popen(publish, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        assert publisher.stdout is not None
        media.get_element().get_by_name("recording").set_property("fd", publisher.stdout.fileno())
        media.connect("unprepared", lambda _media: end(publisher))

    factory = GstRtspServer.RTSPMediaFactory()
    factory.set_launch(PIPELINE.format(picture=PICTURES[codec]))
    factory.set_shared(shared)
    factory.connect("media-configure", feed)

    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(port)
    server.get_mount_points().add_factory("/camera", factory)
    server.attach(None)
    print(f"serving rtsp://127.0.0.1:{server.get_bound_port()}/camera", flush=True)
    GLib.MainLoop().run()


def end(publisher: "subprocess.Popen[bytes]") -> None:
    publisher.kill()
    publisher.wait()
    assert publisher.stdout is not None
    publisher.stdout.close()


if __name__ == "__main__":
    main()
