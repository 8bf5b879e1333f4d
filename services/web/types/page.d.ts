/* What browsers have and TypeScript's DOM library does not know yet. */

interface MediaStreamTrackProcessor {
  readonly readable: ReadableStream<VideoFrame>;
}

declare var MediaStreamTrackProcessor:
  | (new (init: { track: MediaStreamTrack; maxBufferSize?: number }) => MediaStreamTrackProcessor)
  | undefined;

declare class CaptureController extends EventTarget {
  setFocusBehavior(behavior: 'focus-captured-surface' | 'no-focus-change'): void;
}

interface DisplayMediaStreamOptions {
  controller?: CaptureController;
  selfBrowserSurface?: 'include' | 'exclude';
  surfaceSwitching?: 'include' | 'exclude';
  monitorTypeSurfaces?: 'include' | 'exclude';
  systemAudio?: 'include' | 'exclude';
}

interface MediaTrackConstraintSet {
  cursor?: 'always' | 'motion' | 'never';
  restrictOwnAudio?: boolean;
  suppressLocalAudioPlayback?: boolean;
}

/** Absent where the browser has no such window. */
declare var documentPictureInPicture:
  | { requestWindow(size: { width: number, height: number }): Promise<Window> }
  | undefined;
